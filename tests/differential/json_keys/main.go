// Random manifests, indexes and image configs, and what Go's encoding/json reads of them: engines
// read them so. One line a document: kind, the document in hexadecimal, what was read or "error".
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"strings"
)

// ---- structs as image-spec's Go package has them ----

type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
	OSVersion    string `json:"os.version,omitempty"`
	Variant      string `json:"variant,omitempty"`
}

type descriptor struct {
	MediaType    string            `json:"mediaType"`
	Digest       string            `json:"digest"`
	Size         int64             `json:"size"`
	URLs         []string          `json:"urls,omitempty"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	Data         []byte            `json:"data,omitempty"`
	Platform     *platform         `json:"platform,omitempty"`
	ArtifactType string            `json:"artifactType,omitempty"`
}

type manifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType,omitempty"`
	ArtifactType  string            `json:"artifactType,omitempty"`
	Config        descriptor        `json:"config"`
	Layers        []descriptor      `json:"layers"`
	Manifests     []descriptor      `json:"manifests"`
	Subject       *descriptor       `json:"subject,omitempty"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

type history struct {
	Created    string `json:"created,omitempty"`
	CreatedBy  string `json:"created_by,omitempty"`
	Comment    string `json:"comment,omitempty"`
	EmptyLayer bool   `json:"empty_layer,omitempty"`
}

type image struct {
	Created string `json:"created,omitempty"`
	platform
	Config struct {
		User string `json:"User,omitempty"`
	} `json:"config,omitempty"`
	RootFS struct {
		Type    string   `json:"type"`
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
	History []history `json:"history,omitempty"`
}

// ---- what was read, as text ----

func (p *platform) String() string {
	if p == nil {
		return "-"
	}
	return fmt.Sprintf("%x,%x,%x,%x", p.OS, p.Architecture, p.Variant, p.OSVersion)
}

func (d *descriptor) String() string {
	if d == nil {
		return "-"
	}
	return fmt.Sprintf("(%x %x %d %t %x %s)", d.MediaType, d.Digest, d.Size, len(d.URLs) > 0,
		d.ArtifactType, d.Platform)
}

const (
	indexType    = "application/vnd.oci.image.index.v1+json"
	manifestType = "application/vnd.oci.image.manifest.v1+json"
)

func (m *manifest) String() string {
	if m.MediaType == "" {
		m.MediaType = manifestType
		if m.Config.Digest == "" && m.Layers == nil {
			m.MediaType = indexType
		}
	}
	list, config := m.Layers, m.Config.String()
	if m.MediaType == indexType {
		list, config = m.Manifests, "-"
	} else if m.ArtifactType == "" {
		m.ArtifactType = m.Config.MediaType
	}
	s := fmt.Sprintf("%d %x %x %s %s", m.SchemaVersion, m.MediaType, m.ArtifactType, config, m.Subject)
	for i := range list {
		s += " " + list[i].String()
	}
	return s
}

func (c *image) String() string {
	s := fmt.Sprintf("%s %x %x", &c.platform, c.Created, c.Config.User)
	for _, d := range c.RootFS.DiffIDs {
		s += " " + d
	}
	for _, h := range c.History {
		s += fmt.Sprintf(" (%x %x %x %t)", h.Created, h.CreatedBy, h.Comment, h.EmptyLayer)
	}
	return s
}

// ---- documents ----

type member struct {
	key string // as it is written, without the quotes
	val *node
}

type node struct {
	members []member // of an object
	items   []*node  // of an array
	raw     string   // of anything else
	kind    byte     // { [ or 0
}

type maker struct{ r *rand.Rand }

func (g maker) one(of ...string) string { return of[g.r.Intn(len(of))] }

func text(s string) *node { b, _ := json.Marshal(s); return &node{raw: string(b)} }

func object(pairs ...any) *node {
	n := &node{kind: '{'}
	for i := 0; i < len(pairs); i += 2 {
		n.members = append(n.members, member{pairs[i].(string), pairs[i+1].(*node)})
	}
	return n
}

func (n *node) maybe(g maker, key string, val *node) {
	if g.r.Intn(3) == 0 {
		n.members = append(n.members, member{key, val})
	}
}

func (g maker) digest() *node {
	return text("sha256:" + strings.Repeat(fmt.Sprintf("%08x", g.r.Uint32()), 8))
}

func (g maker) platform() *node {
	n := object("os", text(g.one("linux", "windows")), "architecture", text(g.one("amd64", "arm")))
	n.maybe(g, "variant", text(g.one("v7", "v8", "")))
	n.maybe(g, "os.version", text("10.0"))
	n.maybe(g, "os.features", &node{raw: `["win32k"]`})
	return n
}

func (g maker) descriptor(types ...string) *node {
	n := object("mediaType", text(g.one(types...)), "digest", g.digest(),
		"size", &node{raw: fmt.Sprint(g.r.Intn(1 << 30))})
	n.maybe(g, "urls", &node{raw: g.one(`[]`, `["http://x/"]`)})
	n.maybe(g, "annotations", &node{raw: g.one(`{}`, `{"a":"b","A":"c"}`)})
	n.maybe(g, "data", &node{raw: g.one(`""`, `"e30="`)})
	n.maybe(g, "artifactType", text(g.one("a/b", "")))
	n.maybe(g, "platform", g.platform())
	g.r.Shuffle(len(n.members), func(i, j int) { n.members[i], n.members[j] = n.members[j], n.members[i] })
	return n
}

func (g maker) list(types ...string) *node {
	n := &node{kind: '['}
	for i := g.r.Intn(3); i > 0; i-- {
		n.items = append(n.items, g.descriptor(types...))
	}
	return n
}

func (g maker) manifest() *node {
	n := object("schemaVersion", &node{raw: "2"})
	if g.r.Intn(2) == 0 {
		n.maybe(g, "mediaType", text(manifestType))
		n.members = append(n.members, member{"config", g.descriptor("application/vnd.oci.image.config.v1+json", "a/b")},
			member{"layers", g.list("application/vnd.oci.image.layer.v1.tar+gzip", "a/b;c=d")})
	} else {
		n.maybe(g, "mediaType", text(indexType))
		n.members = append(n.members, member{"manifests", g.list(manifestType, indexType)})
	}
	n.maybe(g, "subject", g.descriptor(manifestType))
	n.maybe(g, "annotations", object("k", text("v")))
	n.maybe(g, "artifactType", text(g.one("x/y", "")))
	n.maybe(g, "unknown", g.descriptor("a/b"))
	return n
}

func (g maker) image() *node {
	ids, lines := &node{kind: '['}, &node{kind: '['}
	for i := g.r.Intn(3); i > 0; i-- {
		ids.items = append(ids.items, g.digest())
		h := object("created_by", text("RUN x"))
		h.maybe(g, "created", text("2020-01-01T00:00:00Z"))
		h.maybe(g, "comment", text("c"))
		h.maybe(g, "empty_layer", &node{raw: g.one("true", "false")})
		lines.items = append(lines.items, h)
	}
	n := g.platform()
	n.maybe(g, "created", text("2020-01-01T00:00:00Z"))
	n.maybe(g, "config", object("User", text("nobody"), "Env", &node{raw: `["A=b"]`}))
	n.maybe(g, "history", lines)
	n.members = append(n.members, member{"rootfs", object("type", text("layers"), "diff_ids", ids)})
	return n
}

// ---- what strangers do to them ----

func (n *node) objects(into *[]*node) {
	if n.kind == '{' {
		*into = append(*into, n)
	}
	for _, m := range n.members {
		m.val.objects(into)
	}
	for _, i := range n.items {
		i.objects(into)
	}
}

func (g maker) spell(key string) string {
	at := g.r.Intn(len(key))
	c := key[at : at+1]
	switch g.r.Intn(6) {
	case 0:
		return strings.ToUpper(key)
	case 1:
		return strings.ToUpper(key[:1]) + key[1:]
	case 2: // one letter in the other case
		if strings.ToLower(c) == c {
			c = strings.ToUpper(c)
		} else {
			c = strings.ToLower(c)
		}
	case 3: // the same letter, escaped
		c = fmt.Sprintf(`\u%04x`, c[0])
	case 4:
		return strings.NewReplacer("s", g.one("\u017f", `\u017f`), "k", g.one("\u212a", `\u212a`)).Replace(key)
	case 5: // a letter that looks like another and does not fold to it
		c = g.one("\u0131", "\u0455", "\u00e9", `\u0430`)
	}
	return key[:at] + c + key[at+1:]
}

func (g maker) other(v *node) *node {
	switch g.r.Intn(5) {
	case 0:
		return &node{raw: "null"}
	case 1:
		return v
	case 2:
		return &node{raw: g.one(`""`, "0", "{}", "[]", "true", "-1", "1.5", `"x/y"`)}
	case 3:
		return g.descriptor("q/r")
	}
	return g.list("s/t")
}

func (g maker) mutate(n *node) {
	var all []*node
	n.objects(&all)
	o := all[g.r.Intn(len(all))]
	if len(o.members) == 0 {
		return
	}
	at := g.r.Intn(len(o.members))
	m := &o.members[at]
	if len(m.key) == 0 {
		return
	}
	switch g.r.Intn(8) {
	case 0, 1:
		m.key = g.spell(m.key)
	case 2:
		m.val = &node{raw: "null"}
	case 3:
		o.members = append(o.members, member{m.key, g.other(m.val)})
	case 4:
		o.members = append(o.members, member{g.spell(m.key), g.other(m.val)})
	case 5:
		o.members = append([]member{{g.spell(m.key), g.other(m.val)}}, o.members...)
	case 6:
		m.val = g.other(m.val)
	case 7:
		o.members = append(o.members[:at], o.members[at+1:]...)
	}
}

func (n *node) write(g maker, b *strings.Builder) {
	blank := func() {
		if g.r.Intn(8) == 0 {
			b.WriteString(g.one(" ", "\n", "\t", "  "))
		}
	}
	blank()
	switch n.kind {
	case '{':
		b.WriteByte('{')
		for i, m := range n.members {
			if i > 0 {
				b.WriteByte(',')
			}
			blank()
			b.WriteString(`"` + m.key + `"`)
			blank()
			b.WriteByte(':')
			m.val.write(g, b)
		}
		b.WriteByte('}')
	case '[':
		b.WriteByte('[')
		for i, v := range n.items {
			if i > 0 {
				b.WriteByte(',')
			}
			v.write(g, b)
		}
		b.WriteByte(']')
	default:
		b.WriteString(n.raw)
	}
	blank()
}

func main() {
	seed := flag.Int64("seed", 1, "of the documents")
	count := flag.Int("n", 1000, "documents")
	flag.Parse()
	g := maker{rand.New(rand.NewSource(*seed))}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for i := 0; i < *count; i++ {
		var n *node
		var to fmt.Stringer
		kind := g.one("manifest", "manifest", "config")
		if kind == "manifest" {
			n, to = g.manifest(), &manifest{}
		} else {
			n, to = g.image(), &image{}
		}
		for k := g.r.Intn(4); k > 0; k-- {
			g.mutate(n)
		}
		var b strings.Builder
		n.write(g, &b)
		read := "error"
		if json.Unmarshal([]byte(b.String()), to) == nil {
			read = to.String()
		}
		fmt.Fprintf(out, "%s\t%s\t%s\n", kind, hex.EncodeToString([]byte(b.String())), read)
	}
}
