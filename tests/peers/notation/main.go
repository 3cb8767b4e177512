// notation's own libraries as a program, for tests; built by tools/peers.
//
//	notary sign   -layout|-plain-http -key K.pem -chain C.pem -type application/jose+json REFERENCE
//	notary verify -plain-http -ca CA.pem -subject "x509.subject: CN=…" REFERENCE
//
// Exit code 0: done; 1: notation says no; 2: wrong usage.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"flag"
	"fmt"
	"os"

	_ "github.com/notaryproject/notation-core-go/signature/cose"
	_ "github.com/notaryproject/notation-core-go/signature/jws"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/registry"
	"github.com/notaryproject/notation-go/signer"
	"github.com/notaryproject/notation-go/verifier"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/notation-go/verifier/truststore"
	"oras.land/oras-go/v2/registry/remote"
)

// store has one certificate, whatever it is asked for.
type store struct{ certs []*x509.Certificate }

func (s store) GetCertificates(_ context.Context, kind truststore.Type, _ string) ([]*x509.Certificate, error) {
	if kind != truststore.TypeCA {
		return nil, nil
	}
	return s.certs, nil
}

func fail(code int, err error) {
	fmt.Fprintln(os.Stderr, "notary:", err)
	os.Exit(code)
}

func certificates(path string) []*x509.Certificate {
	data, err := os.ReadFile(path)
	if err != nil {
		fail(2, err)
	}
	var found []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			fail(2, err)
		}
		found = append(found, cert)
	}
	return found
}

func main() {
	if len(os.Args) < 3 {
		fail(2, fmt.Errorf("sign or verify, and a reference"))
	}
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	key := flags.String("key", "", "the private key, in PEM")
	chain := flags.String("chain", "", "its certificate and those above it, in PEM")
	form := flags.String("type", "application/jose+json", "the envelope's media type")
	ca := flags.String("ca", "", "the trusted certificate, in PEM")
	identity := flags.String("subject", "*", "the trusted identity")
	flags.Parse(os.Args[2:])
	repo, err := remote.NewRepository(flags.Arg(0))
	if err != nil {
		fail(2, err)
	}
	repo.PlainHTTP = true
	ctx, place := context.Background(), registry.NewRepository(repo)
	if os.Args[1] == "sign" {
		sign(ctx, place, *key, *chain, *form, flags.Arg(0))
		return
	}
	policy := &trustpolicy.Document{Version: "1.0", TrustPolicies: []trustpolicy.TrustPolicy{{
		Name: "all", RegistryScopes: []string{"*"}, TrustStores: []string{"ca:one"}, TrustedIdentities: []string{*identity},
		SignatureVerification: trustpolicy.SignatureVerification{VerificationLevel: "strict"},
	}}}
	judge, err := verifier.New(policy, store{certificates(*ca)}, nil)
	if err != nil {
		fail(2, err)
	}
	_, outcomes, err := notation.Verify(ctx, judge, place, notation.VerifyOptions{ArtifactReference: flags.Arg(0), MaxSignatureAttempts: 20})
	if err != nil {
		fail(1, err)
	}
	fmt.Println(len(outcomes))
}

func sign(ctx context.Context, place registry.Repository, key, chain, form, reference string) {
	pair, err := tls.LoadX509KeyPair(chain, key)
	if err != nil {
		fail(2, err)
	}
	writer, err := signer.NewGenericSigner(pair.PrivateKey, certificates(chain))
	if err != nil {
		fail(2, err)
	}
	options := notation.SignOptions{ArtifactReference: reference}
	options.SignatureMediaType = form
	if _, err := notation.Sign(ctx, writer, place, options); err != nil {
		fail(1, err)
	}
}
