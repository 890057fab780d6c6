// Reads archives with archive/tar and prints what it takes them for: the other side of tests/unit/test_tar_go.c. Standard library only.
//
// Input: archives, each behind its length (4 bytes, little-endian). Output, for each: a line for every entry (type, name, link name,
// size, content's SHA-256, mode, owner), then "end" or "error", or "big" where a content is too long to be read here. Names in hexadecimal.
package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

const bigSize = 1 << 20

func headerOnly(flag byte) bool { return flag >= '1' && flag <= '6' }

func tell(w io.Writer, archive []byte) {
	r := tar.NewReader(bytes.NewReader(archive))
	for {
		h, err := r.Next()
		if err == io.EOF {
			fmt.Fprintln(w, "end")
			return
		}
		if err != nil {
			fmt.Fprintln(w, "error")
			return
		}
		if h.Typeflag == tar.TypeXGlobalHeader {
			// Without records a number was wrong, and which of the others were used is chance.
			if h.PAXRecords == nil {
				fmt.Fprintln(w, "67 ?")
			} else {
				fmt.Fprintf(w, "67 %x\n", h.Name)
			}
			continue
		}
		fmt.Fprintf(w, "%02x %x %x", h.Typeflag, h.Name, h.Linkname)
		if headerOnly(h.Typeflag) {
			fmt.Fprint(w, " -")
		} else if h.Size > bigSize {
			fmt.Fprintf(w, " %d\nbig\n", h.Size)
			return
		} else {
			sum := sha256.New()
			if _, err := io.Copy(sum, r); err != nil {
				fmt.Fprintf(w, " %d\nerror\n", h.Size)
				return
			}
			fmt.Fprintf(w, " %d %x", h.Size, sum.Sum(nil)[:8])
		}
		fmt.Fprintf(w, " %o %d\n", h.Mode&07777, h.Uid)
	}
}

func main() {
	in, out := bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		var n uint32
		if err := binary.Read(in, binary.LittleEndian, &n); err != nil {
			return
		}
		archive := make([]byte, n)
		if _, err := io.ReadFull(in, archive); err != nil {
			return
		}
		tell(out, archive)
	}
}
