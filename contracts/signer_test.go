package contracts

import (
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/bonafide-id/bonafide/contracts/chaintest"
)

func TestKeyFile(t *testing.T) {
	dir := t.TempDir()
	pass, file := filepath.Join(dir, "pass"), filepath.Join(dir, "key.json")
	if err := os.WriteFile(pass, []byte("correct horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	made, err := MakeKeyFile(file, pass)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := MakeKeyFile(file, pass); !errors.Is(err, ErrSigner) {
		t.Errorf("written over: %v", err)
	}
	k, err := OpenKeyFile(file, pass)
	if err != nil || k.Address() != made {
		t.Fatalf("%v, want %x", err, made)
	}
	for name, files := range map[string][2]string{"no key": {filepath.Join(dir, "none"), pass}, "no passphrase": {file, filepath.Join(dir, "none")},
		"another passphrase": {file, file}} {
		if _, err := OpenKeyFile(files[0], files[1]); !errors.Is(err, ErrSigner) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, tip := range map[string]*big.Int{"with base fees": big.NewInt(2), "without": nil} {
		s, err := k.Sign(t.Context(), Transaction{Call: Deploy(), Chain: 5, Nonce: 7, Gas: 100, Max: big.NewInt(9), Tip: tip})
		if err != nil {
			t.Fatal(err)
		}
		tx := new(types.Transaction)
		if err := tx.UnmarshalBinary(s.Raw); err != nil || tx.Hash() != common.Hash(s.Hash) || tx.Nonce() != 7 || tx.ChainId().Int64() != 5 {
			t.Errorf("%s: %+v, %v", name, tx, err)
		}
	}
}

// clef is an external signer that signs what change makes of what it is asked.
func clef(t *testing.T, key *KeyFile, change func(*Transaction)) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
			Params []struct {
				From, To common.Address
				Gas      hexutil.Uint64
				Nonce    hexutil.Uint64
				ChainID  *hexutil.Big  `json:"chainId"`
				Max      *hexutil.Big  `json:"maxFeePerGas"`
				Tip      *hexutil.Big  `json:"maxPriorityFeePerGas"`
				Input    hexutil.Bytes `json:"input"`
			} `json:"params"`
		}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || q.Method != "account_signTransaction" || len(q.Params) != 1 {
			t.Errorf("asked %+v, %v", q, err)
			return
		}
		p := q.Params[0]
		if p.From != common.Address(key.Address()) {
			t.Errorf("asked for %s", p.From)
		}
		to := [20]byte(p.To)
		tx := Transaction{Call: Call{To: &to, Data: p.Input}, Chain: p.ChainID.ToInt().Uint64(), Nonce: uint64(p.Nonce), Gas: uint64(p.Gas), Max: p.Max.ToInt(), Tip: p.Tip.ToInt()}
		change(&tx)
		s, err := key.Sign(r.Context(), tx)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"jsonrpc": "2.0", "id": q.ID, "result": map[string]any{"raw": hexutil.Bytes(s.Raw), "tx": map[string]any{}}})
	}))
	t.Cleanup(srv.Close)
	return srv
}

// TestClef: what an external signer gives back is held against what it was asked.
func TestClef(t *testing.T) {
	c := chaintest.New(t, 2)
	own, other := NewKey(c.Accounts[0].Key), NewKey(c.Accounts[1].Key)
	call, err := FloorCall([20]byte{1}, []Member{{Order: Order{1, 1}}})
	if err != nil {
		t.Fatal(err)
	}
	tx := Transaction{Call: call, Chain: 5, Nonce: 7, Gas: 100_000, Max: big.NewInt(9), Tip: big.NewInt(2)}
	for _, x := range []struct {
		name    string
		account *KeyFile
		change  func(*Transaction)
		want    error
	}{
		{"as asked", own, func(*Transaction) {}, nil},
		{"another nonce", own, func(t *Transaction) { t.Nonce++ }, ErrSigner},
		{"a higher price", own, func(t *Transaction) { t.Max = big.NewInt(10) }, ErrSigner},
		{"another call", own, func(t *Transaction) { t.Data = append(t.Data, 0) }, ErrSigner},
		{"another contract", own, func(t *Transaction) { t.To = &[20]byte{2} }, ErrSigner},
		{"another chain", own, func(t *Transaction) { t.Chain++ }, ErrSigner},
	} {
		t.Run(x.name, func(t *testing.T) {
			s, err := NewClef(clef(t, own, x.change).URL, own.Address(), 5*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Sign(t.Context(), tx)
			if !errors.Is(err, x.want) {
				t.Fatalf("got %v", err)
			}
			if want, _ := own.Sign(t.Context(), tx); err == nil && got.Hash != want.Hash {
				t.Error("another transaction than that of a key file")
			}
		})
	}
	if got, err := tx.check(signedBy(t, other, tx), own.Address()); !errors.Is(err, ErrSigner) || !strings.Contains(err.Error(), "signed by") {
		t.Errorf("another account: %v, %v", got, err)
	}
	if _, err := NewClef("ipc:/x", own.Address(), time.Second); !errors.Is(err, ErrSigner) {
		t.Errorf("no URL: %v", err)
	}
}

func signedBy(t *testing.T, k *KeyFile, tx Transaction) *types.Transaction {
	t.Helper()
	s, err := k.Sign(t.Context(), tx)
	if err != nil {
		t.Fatal(err)
	}
	out := new(types.Transaction)
	if err := out.UnmarshalBinary(s.Raw); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestParseAddress(t *testing.T) {
	const sum = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
	for s, ok := range map[string]bool{sum: true, strings.ToLower(sum): true, strings.Replace(sum, "aA", "AA", 1): false, sum[:41]: false,
		sum[2:]: false, "0x" + strings.Repeat("g", 40): false, "": false} {
		a, err := ParseAddress(s)
		if (err == nil) != ok || err != nil && !errors.Is(err, ErrAddress) || ok && FormatAddress(a) != sum {
			t.Errorf("%q: %x, %v", s, a, err)
		}
	}
}
