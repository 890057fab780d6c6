// Random requests on one connection, and what Go's net/http reads of them: most fronts of registries
// are written with it. One line a connection: the bytes in hexadecimal, then the requests that were
// read whole, each as method, target and body (in hexadecimal), separated by "|".
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"os"
	"strings"
)

var r *rand.Rand

func pick(from ...string) string { return from[r.Intn(len(from))] }

// Mostly the first, now and then one of the others.
func mostly(usual string, others ...string) string {
	if r.Intn(6) > 0 {
		return usual
	}
	return pick(others...)
}

func chunked(body string) string {
	var b strings.Builder
	for len(body) > 0 {
		n := 1 + r.Intn(len(body))
		size := fmt.Sprintf(pick("%x", "%X", "0%x", "000%x"), n)
		b.WriteString(mostly(size, "0x"+size, "+"+size, " "+size, size+" ", size+"_"))
		b.WriteString(mostly("", ";x", ";x=y", " ;x=\"a;b\"", ";\tx", ";a\rb", ";a\nb"))
		b.WriteString(mostly("\r\n", "\n", "\r", "\r\r\n"))
		b.WriteString(body[:n])
		b.WriteString(mostly("\r\n", "\n", "", "\r", "\r\n\r\n"))
		body = body[n:]
	}
	b.WriteString(mostly("0", "00", "0;x", "0 ", "-0", ""))
	b.WriteString(mostly("\r\n", "\n"))
	b.WriteString(mostly("", "X: y\r\n", "Content-Length: 5\r\n", "X : y\r\n", " x\r\n", "X: y\n"))
	b.WriteString(mostly("\r\n", "\n", ""))
	return b.String()
}

func request() string {
	var b strings.Builder
	end := func() string { return mostly("\r\n", mostly("\r\n", "\n", "\r", "\r\r\n", "\r\n ")) }
	b.WriteString(mostly("", mostly("", "\r\n", "\n", " ")))
	b.WriteString(pick("GET", "PUT", "POST", "PATCH", "HEAD", "DELETE", "OPTIONS"))
	b.WriteString(mostly(" ", mostly(" ", "  ", "\t")))
	b.WriteString(mostly("/v2/a", "/", "/a%20b?c=d", "http://h/x", "/a?b?c", "//a", "/a#b", "*", "/%zz", "a"))
	b.WriteString(mostly(" ", mostly(" ", "  ", "\t")))
	b.WriteString(mostly("HTTP/1.1", "HTTP/1.0", mostly("HTTP/1.1", "HTTP/1.2", "HTTP/2.0", "http/1.1", "HTTP/01.1")))
	b.WriteString(end())
	var fields []string
	fields = append(fields, mostly("Host: h", "", "Host:h", "Host: h, i", "host: h:1", "Host : h"))
	body := strings.Repeat("b", r.Intn(20))
	if r.Intn(4) == 0 {
		body = "GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n"
	}
	sent := body
	n := fmt.Sprint(len(body))
	switch r.Intn(4) {
	case 0:
		sent = ""
	case 1, 2:
		fields = append(fields, "Content-Length: "+mostly(n, n+" ", "0"+n, "+"+n, "-"+n, n+","+n, n+" "+n, "\t"+n, "0x"+n, "", n+".0"))
		if r.Intn(10) == 0 {
			fields = append(fields, pick("Content-Length: "+n, "content-length: 1", "Transfer-Encoding: chunked"))
		}
	default:
		fields = append(fields, "Transfer-Encoding:"+mostly(" chunked", "chunked", "\tChunked ", " gzip, chunked", " identity", " chunked, chunked",
			" chunked;q=1", " \"chunked\"", " xchunked", " ,chunked", " chunked,", " \vchunked"))
		sent = chunked(body)
		if r.Intn(10) == 0 {
			fields = append(fields, pick("Content-Length: "+n, "transfer-encoding: chunked", "Transfer-Encoding: identity"))
		}
	}
	if r.Intn(3) == 0 {
		fields = append(fields, pick("X-A: b", "X-A:", "X-A: \xc3\xa9", "X_A: b", "X A: b", "X-A : b", "X-A: b\x00c", "X-A: b\x01", ": b", "X-A",
			"Content-Length\t: 3", "Connection: close", "Connection: keep-alive", "X-A: b\rContent-Length: 3", "X-A: b\nContent-Length: 3"))
	}
	r.Shuffle(len(fields), func(i, k int) { fields[i], fields[k] = fields[k], fields[i] })
	for _, f := range fields {
		if f != "" {
			b.WriteString(f + end())
		}
	}
	b.WriteString(mostly("\r\n", mostly("\r\n", "\n", "\r", "")))
	b.WriteString(sent)
	return b.String()
}

func mutate(s string) string {
	b := []byte(s)
	for n := r.Intn(3); n > 0 && len(b) > 0; n-- {
		at := r.Intn(len(b))
		c := pick("\r", "\n", "\r\n", " ", "\t", "\x00", ":", ";", ",", "0", "1", "a", "\v", "\x80", "\x7f", "/")
		switch r.Intn(3) {
		case 0:
			b = append(b[:at], b[at+1:]...)
		case 1:
			b[at] = c[0]
		default:
			b = append(b[:at], append([]byte(c), b[at:]...)...)
		}
	}
	return string(b)
}

// As the server reads one request after the other. Empty lines in front are skipped, as RFC 9112
// §2.2 has it; Go refuses them.
func read(in string) string {
	var out []string
	b := bufio.NewReader(strings.NewReader(in))
	for {
		for {
			next, err := b.Peek(2)
			if err != nil || !bytes.Equal(next, []byte("\r\n")) {
				break
			}
			b.Discard(2)
		}
		q, err := http.ReadRequest(b)
		if err != nil {
			break
		}
		body, err := io.ReadAll(q.Body)
		if err != nil {
			break
		}
		out = append(out, fmt.Sprintf("%s %s %x", q.Method, q.RequestURI, body))
		if q.Close {
			break
		}
	}
	return strings.Join(out, "|")
}

func main() {
	seed := flag.Int64("seed", 1, "of the random requests")
	n := flag.Int("n", 1000, "connections")
	flag.Parse()
	r = rand.New(rand.NewSource(*seed))
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for i := 0; i < *n; i++ {
		in := ""
		for k := 1 + r.Intn(2); k > 0; k-- {
			in += request()
		}
		if r.Intn(2) == 0 {
			in = mutate(in)
		}
		in += "GET /next HTTP/1.1\r\nHost: h\r\n\r\n"
		fmt.Fprintf(out, "%s\t%s\n", hex.EncodeToString([]byte(in)), read(in))
	}
}
