package cli

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	pkcs12 "software.sslmate.com/src/go-pkcs12"

	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/legal/seal"
	"github.com/bonafide-id/bonafide/node"
)

// maxKeyFile bounds a file of a key and its certificates.
const maxKeyFile = 1 << 20

func (a *app) identityBind() *cobra.Command {
	var q node.BindRequest
	var keyFile, certFile, passwordFile, out, sealed string
	c := &cobra.Command{Use: "bind-seal", Short: "Bind the issuer to its electronic seal", Args: noArgs(),
		Long: `Bind the issuer's identifier to the organisation's electronic seal. A statement of
control over the identifier is sealed (JAdES) with the key of the seal's certificate,
and published in the issuer's folder, where the identifier quotes it. Verifiers who
hold trusted lists then know who the issuer is by the certificate's identifier.

With the key in a file (PKCS#12, or PEM with its certificates) it is done in one step;
the key is used here and goes nowhere. With the key in a device or at a provider, write
the statement out, have that file sealed unchanged as JAdES baseline B with the payload
inside ("enveloping"), and bring the result. The certificate must be one of the
organisation; those of natural persons are refused. State the identity first.

Seal again before the certificate ends: when it has, the binding proves nothing more.`,
		Example: `  bonafide identity bind-seal --key seal.p12
  bonafide identity bind-seal --key key.pem --cert chain.pem
  bonafide identity bind-seal --statement-out statement.json
  bonafide identity bind-seal --sealed statement.jades.json
  bonafide identity bind-seal --remove`}
	f := c.Flags()
	f.StringVar(&keyFile, "key", "", "key of the seal: PKCS#12, or PEM")
	f.StringVar(&certFile, "cert", "", "PEM with the certificate of the seal and those above it, when they are not beside the key")
	f.StringVar(&passwordFile, "password-file", "", "file with the password of the PKCS#12; asked on a terminal")
	f.StringVar(&out, "statement-out", "", "write the statement that is to be sealed elsewhere into this file")
	f.StringVar(&sealed, "sealed", "", "file with the seal that was made elsewhere")
	f.BoolVar(&q.Remove, "remove", false, "publish no binding to a seal any more")
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		ways := 0
		for _, given := range []bool{keyFile != "", out != "", sealed != "", q.Remove} {
			if given {
				ways++
			}
		}
		if ways != 1 {
			return usagef("give one of --key, --statement-out, --sealed and --remove")
		}
		var key crypto.Signer
		var chain [][]byte
		switch {
		case sealed != "":
			if q.Sealed, err = a.readInput(sealed, legal.MaxSeal); err != nil {
				return err
			}
		case keyFile != "":
			if key, chain, err = a.sealKey(keyFile, certFile, passwordFile); err != nil {
				return err
			}
		}
		caller, err := a.open(cmd.Context(), opening{network: !q.Remove && out == ""})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, caller.Close()) }()
		if out != "" || key != nil {
			var s node.StatementResponse
			if err := caller.Op(cmd.Context(), node.OpIdentityStatement, node.StatementRequest{Issuer: q.Issuer}, &s); err != nil {
				return err
			}
			if out != "" {
				if err := writeStatement(out, s.Statement); err != nil {
					return err
				}
				if a.json {
					return a.printJSON(s)
				}
				a.notef("Have %s sealed unchanged (JAdES baseline B, enveloping), then: bonafide identity bind-seal --sealed FILE", out)
				return nil
			}
			statement, err := seal.ReadStatement([]byte(s.Statement))
			if err != nil {
				return err
			}
			if q.Sealed, err = seal.Make(statement, key, chain); err != nil {
				return err
			}
		}
		var bound node.BindResponse
		if err := caller.Op(cmd.Context(), node.OpIdentityBind, q, &bound); err != nil {
			return err
		}
		if a.json {
			return a.printJSON(bound)
		}
		if q.Remove {
			a.notef("no binding to a seal is published any more")
			return nil
		}
		a.pairs("identifier", bound.DID, "bound to", bound.Holder, "by its", bound.Identifier, "level here", string(bound.Level), "until", when(bound.Until), "digest", bound.Digest)
		if bound.Why != "" {
			a.notef("Not higher by the trusted lists of this node: %s", oneLine(bound.Why))
		}
		return nil
	}
	return a.jsonFlag(c)
}

// sealKey reads the key of a seal and its certificates, the signer's first.
func (a *app) sealKey(keyFile, certFile, passwordFile string) (crypto.Signer, [][]byte, error) {
	b, err := a.readInput(keyFile, maxKeyFile)
	if err != nil {
		return nil, nil, err
	}
	var key crypto.Signer
	var chain [][]byte
	if block, _ := pem.Decode(b); block != nil {
		key, chain, err = readPEM(b)
	} else {
		key, chain, err = a.readPKCS12(b, keyFile, passwordFile)
	}
	if err != nil {
		return nil, nil, err
	}
	if certFile != "" {
		more, err := a.readInput(certFile, maxKeyFile)
		if err != nil {
			return nil, nil, err
		}
		if _, chain, err = readPEM(more); err != nil {
			return nil, nil, err
		}
	}
	switch {
	case key == nil:
		return nil, nil, fmt.Errorf("%w: %s holds no private key", seal.ErrKeyFile, keyFile)
	case len(chain) == 0:
		return nil, nil, fmt.Errorf("%w: no certificate is given; name it with --cert", seal.ErrKeyFile)
	}
	return key, chain, nil
}

func (a *app) readPKCS12(b []byte, name, passwordFile string) (crypto.Signer, [][]byte, error) {
	var password []byte
	var err error
	switch {
	case passwordFile != "":
		password, err = keystore.FromFile(passwordFile)()
	case isTerminal(a.stdin) && isTerminal(a.stderr):
		password, err = keystore.FromPrompt(keystore.Terminal{In: a.stdin.(*os.File), Out: a.stderr, Label: name})()
	}
	if err != nil {
		return nil, nil, err
	}
	private, leaf, above, err := pkcs12.DecodeChain(b, strings.TrimRight(string(password), "\r\n"))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", seal.ErrKeyFile, err)
	}
	key, ok := private.(crypto.Signer)
	if !ok {
		return nil, nil, fmt.Errorf("%w: a key of type %T", seal.ErrKeyFile, private)
	}
	chain := [][]byte{leaf.Raw}
	for _, c := range above {
		chain = append(chain, c.Raw)
	}
	return key, chain, nil
}

// readPEM reads one private key, if there is one, and all certificates in order.
func readPEM(b []byte) (key crypto.Signer, chain [][]byte, err error) {
	for len(chain) < 16 {
		var block *pem.Block
		if block, b = pem.Decode(b); block == nil {
			return key, chain, nil
		}
		var private any
		switch block.Type {
		case "CERTIFICATE":
			chain = append(chain, block.Bytes)
			continue
		case "PRIVATE KEY":
			private, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			private, err = x509.ParseECPrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			private, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "ENCRYPTED PRIVATE KEY":
			return nil, nil, fmt.Errorf("%w: the key is encrypted; give it as PKCS#12", seal.ErrKeyFile)
		default:
			continue
		}
		switch {
		case err != nil:
			return nil, nil, fmt.Errorf("%w: %w", seal.ErrKeyFile, err)
		case key != nil:
			return nil, nil, fmt.Errorf("%w: two private keys", seal.ErrKeyFile)
		}
		var ok bool
		if key, ok = private.(crypto.Signer); !ok {
			return nil, nil, fmt.Errorf("%w: a key of type %T", seal.ErrKeyFile, private)
		}
	}
	return nil, nil, fmt.Errorf("%w: more than 15 certificates", seal.ErrKeyFile)
}
