package node

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/store"
)

// A backup holds what the home holds, the keys as they are in the key files and
// nothing that opens them, and is checked from its bytes.
func TestBackupHoldsTheHome(t *testing.T) {
	n := opened(t, "university.example", func(c *Config) { c.OfflineKeysAt = "the safe" })
	secret, err := os.ReadFile(n.cfg.path(fileToken))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(n.cfg.path(filePassphrase), []byte("a word for nobody\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	issued := call[IssueResponse](t, n, OpIssue, IssueRequest{Credential: micro("Ana Andromeda")})
	call[StatusResponse](t, n, OpStatusSet, StatusRequest{Target: issued.ID, Action: "revoke"})
	file := filepath.Join(t.TempDir(), "b.tar")
	out := call[Backup](t, n, OpBackup, BackupRequest{File: file})
	again, err := VerifyBackup(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	if again.SHA256 != out.SHA256 || len(out.Manifest.Issuers) != 1 || out.Manifest.Issuers[0].Changes != 1 || out.Manifest.Store != StoreInside || len(out.Manifest.Keys) != 5 {
		t.Errorf("%+v", out.Manifest)
	}
	if !strings.Contains(out.Sheet, "the safe") {
		t.Error("the sheet does not say where the offline keys are")
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, never := range map[string][]byte{"the admin token": bytes.TrimSpace(secret), "the passphrase file": []byte("a word for nobody"), "the passphrase": []byte("correct horse")} {
		if bytes.Contains(whole, never) {
			t.Errorf("%s is in the backup", name)
		}
	}
	home := filepath.Join(t.TempDir(), "restored")
	if _, err := Restore(t.Context(), RestoreOptions{File: file, Home: home, Now: time.Now()}); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"keys/online.age", "keys/offline.age", "config.toml"} {
		a, err := os.ReadFile(n.cfg.path(f))
		b, errB := os.ReadFile(filepath.Join(home, f))
		if err != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("%s is not the one of the home: %v %v", f, err, errB)
		}
	}
	cfg, err := ReadConfig(home)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Open(t.Context(), cfg, Options{Passphrase: keystore.Fixed([]byte("correct horse")), WorkFactor: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	if s := call[StatusShowResponse](t, r, OpStatusShow, StatusShowRequest{Target: issued.ID}); !s.Status[0].Set {
		t.Error("the revocation is not in the restored book")
	}
	for _, l := range call[StatusShowResponse](t, r, OpStatusShow, StatusShowRequest{}).Lists {
		if l.State != store.ListClosed {
			t.Errorf("list %d is %s after a restore", l.Number, l.State)
		}
	}
	// Without a word nothing is signed; with two, it goes on where the backup was.
	for name, q := range map[string]ResumeRequest{"no word": {}, "one word": {Alone: true}, "both ways": {Alone: true, TakeOver: true, Confirm: true}} {
		if _, err := try[Info](r, OpResume, q); !errors.Is(err, ErrConfirm) {
			t.Errorf("%s: %v, want ErrConfirm", name, err)
		}
	}
	if _, err := try[Info](r, OpResume, ResumeRequest{TakeOver: true, Confirm: true}); !errors.Is(err, ErrIncomplete) {
		t.Errorf("nothing to take over: %v, want ErrIncomplete", err)
	}
	if _, err := try[IssueResponse](r, OpIssue, IssueRequest{Credential: micro("Max Power")}); !errors.Is(err, ErrRestored) {
		t.Errorf("issuing: %v, want ErrRestored", err)
	}
	if _, err := try[PublishResponse](r, OpPublish, PublishRequest{}); !errors.Is(err, ErrRestored) {
		t.Errorf("publishing: %v, want ErrRestored", err)
	}
	call[Info](t, r, OpResume, ResumeRequest{Alone: true, Confirm: true})
	call[PublishResponse](t, r, OpPublish, PublishRequest{})
	second := call[IssueResponse](t, r, OpIssue, IssueRequest{Credential: micro("Max Power")})
	if second.Status[0].List <= issued.Status[0].List+2 {
		t.Errorf("list %d follows list %d: one that was opened meanwhile could have its number", second.Status[0].List, issued.Status[0].List)
	}
}

// A home that was put back by other means is treated as a restored one.
func TestMarkRestored(t *testing.T) {
	n := opened(t, "university.example", nil)
	cfg := n.cfg
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if err := MarkRestored(cfg.Home, time.Now(), time.Now()); err != nil {
		t.Fatal(err)
	}
	for range 2 { // also after the file is gone
		r, err := Open(t.Context(), cfg, Options{Passphrase: keystore.Fixed([]byte("correct horse")), WorkFactor: 1})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := try[PublishResponse](r, OpPublish, PublishRequest{}); !errors.Is(err, ErrRestored) {
			t.Errorf("%v, want ErrRestored", err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBackupRefuses(t *testing.T) {
	n := opened(t, "", nil)
	dir := t.TempDir()
	there := filepath.Join(dir, "there")
	if err := os.WriteFile(there, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, file string
		want       error
	}{
		{"a file that is there", there, store.ErrExists},
		{"a relative path", "b.tar", ErrRequest},
		{"a folder that is not there", filepath.Join(dir, "none", "b.tar"), ErrNoFile},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := try[Backup](n, OpBackup, BackupRequest{File: c.file}); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	file := filepath.Join(dir, "b.tar")
	call[Backup](t, n, OpBackup, BackupRequest{File: file})
	for _, c := range []struct {
		name, file, home string
		want             error
	}{
		{"a folder that is not empty", file, dir, ErrNotEmpty},
		{"a home", file, n.cfg.Home, ErrNotEmpty},
		{"no backup", there, filepath.Join(dir, "new"), ErrBackup},
		{"no file", filepath.Join(dir, "none"), filepath.Join(dir, "new"), ErrNoFile},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Restore(t.Context(), RestoreOptions{File: c.file, Home: c.home, Now: time.Now()}); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// sampleBackup packs small files as a backup that readBackup accepts.
func sampleBackup(t testing.TB, edit func(m *BackupManifest, from map[string]string)) []byte {
	t.Helper()
	dir := t.TempDir()
	from := map[string]string{}
	m := BackupManifest{Format: 1, Program: "test", Store: StoreExternal, Issuers: []BackupIssuer{}, Keys: []BackupKey{}, Sources: []string{}, Notes: []string{}}
	for _, name := range []string{fileSheet, fileConfig} {
		from[name] = filepath.Join(dir, name)
		if err := os.WriteFile(from[name], []byte("this is "+name), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := describe(name, from[name])
		if err != nil {
			t.Fatal(err)
		}
		m.Files = append(m.Files, f)
	}
	if edit != nil {
		edit(&m, from)
	}
	var out bytes.Buffer
	if err := pack(&out, m, from); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// seal puts the right digest at the end of what is otherwise wrong.
func sealBody(body []byte) []byte {
	return fmt.Appendf(bytes.Clone(body), "%s%x\n", trailerMark, sha256.Sum256(body))
}

func TestDamagedBackups(t *testing.T) {
	good := sampleBackup(t, nil)
	read := func(b []byte) error {
		_, err := readBackup(bytes.NewReader(b), int64(len(b)), nil)
		return err
	}
	if err := read(good); err != nil {
		t.Fatal(err)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x20
		if err := read(bad); !errors.Is(err, ErrBackup) {
			t.Fatalf("byte %d of %d changed: %v, want ErrBackup", i, len(good), err)
		}
	}
	body := good[:len(good)-trailerLength]
	rewrite := func(change func(name string, content []byte) (string, []byte)) []byte {
		var out bytes.Buffer
		w := tar.NewWriter(&out)
		for r := tar.NewReader(bytes.NewReader(body)); ; {
			h, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			content, errRead := io.ReadAll(r)
			if err := errors.Join(err, errRead); err != nil {
				t.Fatal(err)
			}
			h.Name, content = change(h.Name, content)
			h.Size = int64(len(content))
			if err := w.WriteHeader(h); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(content); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return sealBody(out.Bytes())
	}
	inManifest := func(old, new string) []byte {
		return rewrite(func(name string, content []byte) (string, []byte) {
			if name == fileManifest {
				if !bytes.Contains(content, []byte(old)) {
					t.Fatalf("the manifest has no %s", old)
				}
				content = bytes.Replace(content, []byte(old), []byte(new), 1)
			}
			return name, content
		})
	}
	if err := read(rewrite(func(name string, content []byte) (string, []byte) { return name, content })); err != nil {
		t.Fatalf("rewritten as it was: %v", err)
	}
	for _, c := range []struct {
		name string
		b    []byte
		want string
	}{
		{"cut", sealBody(body[:len(body)-1024-512]), ""},
		{"longer", sealBody(append(bytes.Clone(body), make([]byte, 512)...)), "after its end"},
		{"empty", nil, ""},
		{"another content", rewrite(func(name string, content []byte) (string, []byte) {
			if name == fileConfig {
				content[0] ^= 1
			}
			return name, content
		}), "digest of config.toml"},
		{"another name", rewrite(func(name string, content []byte) (string, []byte) {
			if name == fileConfig {
				name = "../config.toml"
			}
			return name, content
		}), "not where the manifest has it"},
		{"a name from outside in the manifest", inManifest(`"name": "config.toml"`, `"name": "../../config.toml"`), "has no place"},
		{"a file twice", inManifest(`"name": "config.toml"`, `"name": "recovery-sheet.txt"`), "has no place"},
		{"a huge small file", inManifest(fmt.Sprintf(`"bytes": %d`, len("this is config.toml")), `"bytes": 17179869184`), "has no place"},
		{"another format", inManifest(`"format": 1`, `"format": 2`), "format 2"},
		{"an unknown member", inManifest(`"format": 1`, `"format": 1, "more": 1`), "more"},
		{"a member twice", inManifest(`"format": 1`, `"format": 1, "format": 1`), ""},
		{"a store that is not there", inManifest(`"external"`, `"sqlite"`), "missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := read(c.b); !errors.Is(err, ErrBackup) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want ErrBackup with %q", err, c.want)
			}
		})
	}
	failing := errors.New("no room")
	if _, err := readBackup(bytes.NewReader(good), int64(len(good)), func(BackupFile, io.Reader) error { return failing }); !errors.Is(err, failing) {
		t.Errorf("%v, want the error of the one who takes the files", err)
	}
}

func FuzzBackup(f *testing.F) {
	good := sampleBackup(f, nil)
	f.Add(good[:len(good)-trailerLength])
	f.Fuzz(func(t *testing.T, body []byte) {
		b := sealBody(body)
		seen := int64(0)
		out, err := readBackup(bytes.NewReader(b), int64(len(b)), func(_ BackupFile, r io.Reader) error {
			k, err := io.Copy(io.Discard, r)
			seen += k
			return err
		})
		if err != nil {
			return
		}
		listed := int64(0)
		for _, file := range out.Manifest.Files {
			listed += file.Bytes
		}
		if listed != seen+int64(len(out.Sheet)) || listed > int64(len(b)) {
			t.Errorf("%d bytes listed, %d seen", listed, seen)
		}
		if _, err := json.Marshal(out); err != nil {
			t.Error(err)
		}
	})
}
