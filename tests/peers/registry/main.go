// An in-memory registry for tests, built by tools/peers. It prints the address that it listens on. -mode spec: referrers API as distribution-spec 1.1 has it (OCI-Subject on PUT, artifactType
// pulled up, filter); -mode ggcr: ggcr's own (artifactType is the config's media type, no OCI-Subject); -mode none: without.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"regexp"
	"sync"

	"github.com/google/go-containerregistry/pkg/registry"
)

type desc struct {
	MediaType    string            `json:"mediaType"`
	Digest       string            `json:"digest"`
	Size         int               `json:"size"`
	ArtifactType string            `json:"artifactType,omitempty"`
	Annotations  map[string]string `json:"annotations,omitempty"`
}

var (
	mu    sync.Mutex
	refs  = map[string]map[string]desc{} // repo@subject -> digest -> descriptor
	manRe = regexp.MustCompile(`^/v2/(.+)/manifests/([^/]+)$`)
	refRe = regexp.MustCompile(`^/v2/(.+)/referrers/([^/]+)$`)
)

type note struct {
	http.ResponseWriter
	code int
}

func (n *note) WriteHeader(c int) { n.code = c; n.ResponseWriter.WriteHeader(c) }

func spec(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if m := refRe.FindStringSubmatch(r.URL.Path); m != nil && r.Method == "GET" {
			mu.Lock()
			defer mu.Unlock()
			list := []desc{}
			want := r.URL.Query().Get("artifactType")
			for _, d := range refs[m[1]+"@"+m[2]] {
				if want == "" || d.ArtifactType == want {
					list = append(list, d)
				}
			}
			if want != "" {
				w.Header().Set("OCI-Filters-Applied", "artifactType")
			}
			w.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
			json.NewEncoder(w).Encode(map[string]any{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": list})
			return
		}
		m := manRe.FindStringSubmatch(r.URL.Path)
		if m != nil && r.Method == "PUT" {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			var doc struct {
				MediaType, ArtifactType string
				Config                  struct{ MediaType string }
				Subject                 *struct{ Digest string }
				Annotations             map[string]string
			}
			json.Unmarshal(body, &doc)
			if doc.Subject != nil && doc.Subject.Digest != "" {
				w.Header().Set("OCI-Subject", doc.Subject.Digest)
			}
			n := &note{w, 200}
			next.ServeHTTP(n, r)
			if n.code/100 == 2 && doc.Subject != nil {
				d := desc{MediaType: r.Header.Get("Content-Type"), Digest: fmt.Sprintf("sha256:%x", sha256.Sum256(body)), Size: len(body), ArtifactType: doc.ArtifactType, Annotations: doc.Annotations}
				if d.ArtifactType == "" {
					d.ArtifactType = doc.Config.MediaType
				}
				mu.Lock()
				k := m[1] + "@" + doc.Subject.Digest
				if refs[k] == nil {
					refs[k] = map[string]desc{}
				}
				refs[k][d.Digest] = d
				mu.Unlock()
			}
			return
		}
		if m != nil && r.Method == "DELETE" {
			mu.Lock()
			for k := range refs {
				delete(refs[k], m[2])
			}
			mu.Unlock()
		}
		next.ServeHTTP(w, r)
	})
}

func main() {
	addr := flag.String("address", "127.0.0.1:0", "where to listen")
	mode := flag.String("mode", "spec", "spec, ggcr or none")
	verbose := flag.Bool("v", false, "log requests to stderr")
	flag.Parse()
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(l.Addr())
	opts := []registry.Option{registry.WithReferrersSupport(*mode == "ggcr")}
	if !*verbose {
		opts = append(opts, registry.Logger(log.New(io.Discard, "", 0)))
	} else {
		opts = append(opts, registry.Logger(log.New(os.Stderr, "", 0)))
	}
	h := registry.New(opts...)
	if *mode == "spec" {
		h = spec(h)
	}
	log.Fatal(http.Serve(l, h))
}
