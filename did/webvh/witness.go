package webvh

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
)

// approval is a witness proof of a file, not verified yet.
type approval struct {
	index int // of the entry it approves
	proof map[string]any
}

// enoughWitnesses checks that each of the entries has the witness proofs that
// needs, which runs parallel, demands (Verifying Witness Proofs During
// Resolution). All other checks of the entries are done. On failure it returns
// the index of the first entry that has too few.
//
// A proof approves its entry and all before it, so only the newest valid proof
// of each witness matters, and only proofs of these entries: those of earlier
// ones say nothing about later ones.
func enoughWitnesses(entries []*entry, needs []Witness, file []byte, ring keyring) (int, error) {
	first := slices.IndexFunc(needs, Witness.Active)
	if first < 0 {
		return 0, nil
	}
	items, err := parseWitnessFile(file)
	if err != nil {
		return first, err
	}
	index := make(map[string]int, len(entries)-first)
	wanted := map[string]bool{}
	for i := first; i < len(entries); i++ {
		index[entries[i].versionID] = i
		for _, id := range needs[i].IDs {
			wanted[id] = true
		}
	}
	newest := newestApprovals(entries, collectApprovals(items, index, wanted), ring)
	for i := first; i < len(entries); i++ {
		n := 0
		for _, id := range needs[i].IDs {
			if at, ok := newest[id]; ok && at >= i {
				n++
			}
		}
		if n < needs[i].Threshold {
			return i, fmt.Errorf("%w: %d of %d", ErrWitnessProof, n, needs[i].Threshold)
		}
	}
	return 0, nil
}

// collectApprovals attributes the proofs of the file to the wanted witnesses.
// Items for entries that are not of this log are dropped, and so are proofs
// whose key reference is malformed or names nobody wanted.
func collectApprovals(items []witnessItem, index map[string]int, wanted map[string]bool) map[string][]approval {
	out := map[string][]approval{}
	for _, item := range items {
		i, ok := index[item.versionID]
		if !ok {
			continue
		}
		for _, p := range item.proofs {
			vm, _ := p["verificationMethod"].(string)
			multikey, err := reference(vm)
			if err != nil || !wanted[didKey+multikey] {
				continue
			}
			out[didKey+multikey] = append(out[didKey+multikey], approval{i, p})
		}
	}
	return out
}

// newestApprovals finds for each witness the newest entry that it approved with
// a proof that verifies. Proofs that do not verify are ignored.
func newestApprovals(entries []*entry, all map[string][]approval, ring keyring) map[string]int {
	out := map[string]int{}
	var h hasher
	for id, list := range all {
		slices.SortStableFunc(list, func(a, b approval) int { return cmp.Compare(b.index, a.index) })
		for _, a := range list {
			if verifyApproval(a.proof, entries[a.index].versionID, entries[a.index].time, ring, &h) == nil {
				out[id] = a.index
				break
			}
		}
	}
	return out
}

// verifyApproval checks one witness proof with the key in its did:key and no
// other.
func verifyApproval(p map[string]any, versionID string, at time.Time, ring keyring, h *hasher) error {
	doc, err := strictjson.Canonical(WitnessTarget(versionID))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	c, err := readProof(p, sha256.Sum256(doc), at, ring, h)
	if err != nil {
		return err
	}
	return c.verify()
}

// witnessItem is one element of a witness file.
type witnessItem struct {
	versionID string
	proofs    []map[string]any
}

// parseWitnessFile reads did-witness.json (The Witness Proofs File): an array
// of {"versionId", "proof": [...]}. No bytes at all are an empty file.
func parseWitnessFile(file []byte) ([]witnessItem, error) {
	if len(bytes.TrimSpace(file)) == 0 {
		return nil, nil
	}
	v, err := strictjson.Parse(file, strictjson.Limits{MaxDepth: 16})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrWitnessFile, err)
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("%w: not an array", ErrWitnessFile)
	}
	out := make([]witnessItem, 0, len(list))
	for i, e := range list {
		item, err := parseWitnessItem(e)
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
		out = append(out, item)
	}
	return out, nil
}

func parseWitnessItem(e any) (witnessItem, error) {
	m, ok := e.(map[string]any)
	if !ok {
		return witnessItem{}, fmt.Errorf("%w: not an object", ErrWitnessFile)
	}
	if name, ok := stranger(m, "versionId", "proof"); ok {
		return witnessItem{}, fmt.Errorf("%w: member %q", ErrWitnessFile, clip(name))
	}
	item := witnessItem{}
	if item.versionID, ok = m["versionId"].(string); !ok {
		return witnessItem{}, fmt.Errorf("%w: versionId is missing or not a string", ErrWitnessFile)
	}
	switch p := m["proof"].(type) {
	case nil: // an element without proofs is clutter, not an error
	case map[string]any:
		item.proofs = []map[string]any{p}
	case []any:
		for _, e := range p {
			proof, ok := e.(map[string]any)
			if !ok {
				return witnessItem{}, fmt.Errorf("%w: a proof is not an object", ErrWitnessFile)
			}
			item.proofs = append(item.proofs, proof)
		}
	default:
		return witnessItem{}, fmt.Errorf("%w: proof is not an array", ErrWitnessFile)
	}
	return item, nil
}

// WitnessTarget is the document that a witness signs to approve an entry.
func WitnessTarget(versionID string) map[string]any {
	return map[string]any{"versionId": versionID}
}

// SignWitness makes the proof by which a witness approves the entry versionID
// and all before it. The witness must have verified the whole log first, with
// this entry as the newest, and must never sign two entries with the same
// predecessor; [History.Extend] from its own copy sees to both. created is left
// out when zero.
func SignWitness(ctx context.Context, versionID string, s key.Signer, created time.Time) (map[string]any, error) {
	if _, _, err := splitVersionID(versionID); err != nil {
		return nil, err
	}
	config := proofConfig(s, created)
	p, err := proof.SignJCS(ctx, WitnessTarget(versionID), config, s)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSigner, err)
	}
	return p, nil
}

// proofConfig names the key of s as did:key:X#X.
func proofConfig(s key.Signer, created time.Time) map[string]any {
	id := s.Public().DIDKey()
	config := map[string]any{
		"verificationMethod": id + "#" + s.Public().Multikey(),
		"proofPurpose":       proofUse,
	}
	if !created.IsZero() {
		config["created"] = did.FormatTime(created)
	}
	return config
}

// AddWitnessProof puts a proof into a witness file (nil: a new one) and returns
// the new file. A second proof of the same witness for the same entry replaces
// the first. The error is [ErrWitnessFile] or [ErrKeyReference].
func AddWitnessProof(file []byte, versionID string, p map[string]any) ([]byte, error) {
	items, err := parseWitnessFile(file)
	if err != nil {
		return nil, err
	}
	vm, _ := p["verificationMethod"].(string)
	if _, err := reference(vm); err != nil {
		return nil, err
	}
	at := slices.IndexFunc(items, func(i witnessItem) bool { return i.versionID == versionID })
	if at < 0 {
		at = len(items)
		items = append(items, witnessItem{versionID: versionID})
	}
	kept := slices.DeleteFunc(items[at].proofs, func(q map[string]any) bool { return q["verificationMethod"] == vm })
	items[at].proofs = append(kept, p)
	return encodeWitnessFile(items)
}

func encodeWitnessFile(items []witnessItem) ([]byte, error) {
	list := make([]any, 0, len(items))
	for _, item := range items {
		proofs := make([]any, len(item.proofs))
		for i, p := range item.proofs {
			proofs[i] = p
		}
		list = append(list, map[string]any{"versionId": item.versionID, "proof": proofs})
	}
	out, err := strictjson.Canonical(list)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrWitnessFile, err)
	}
	return out, nil
}

// CountWitnesses counts the distinct identifiers of w that approve entry
// versionID of h, by a valid proof for it or for a later entry of h. The error
// is [ErrWitnessFile], or [did.ErrNotFound] when h has no such entry.
func (h *History) CountWitnesses(file []byte, versionID string, w Witness) (int, error) {
	at := h.find(versionID)
	if at < 0 {
		return 0, fmt.Errorf("%w: version %s", did.ErrNotFound, clip(versionID))
	}
	items, err := parseWitnessFile(file)
	if err != nil {
		return 0, err
	}
	tail := h.entries[at:]
	index := make(map[string]int, len(tail))
	for i, e := range tail {
		index[e.versionID] = i
	}
	wanted := map[string]bool{}
	for _, id := range w.IDs {
		wanted[id] = true
	}
	return len(newestApprovals(tail, collectApprovals(items, index, wanted), keyring{})), nil
}

// PruneWitnessFile keeps the newest valid proof of each witness for entries of
// h, and all proofs for entries that h does not have, which may be about to be
// published. The error is [ErrWitnessFile].
func (h *History) PruneWitnessFile(file []byte) ([]byte, error) {
	items, err := parseWitnessFile(file)
	if err != nil {
		return nil, err
	}
	index := make(map[string]int, len(h.entries))
	for i, e := range h.entries {
		index[e.versionID] = i
	}
	wanted := map[string]bool{}
	for _, item := range items {
		for _, p := range item.proofs {
			vm, _ := p["verificationMethod"].(string)
			if mk, err := reference(vm); err == nil {
				wanted[didKey+mk] = true
			}
		}
	}
	// Verification takes the proofs apart, so it works on a second parse.
	again, err := parseWitnessFile(file)
	if err != nil {
		return nil, err
	}
	newest := newestApprovals(h.entries, collectApprovals(again, index, wanted), keyring{})
	var out []witnessItem
	for _, item := range items {
		i, published := index[item.versionID]
		kept := witnessItem{versionID: item.versionID}
		for _, p := range item.proofs {
			vm, _ := p["verificationMethod"].(string)
			mk, err := reference(vm)
			at, ok := newest[didKey+mk]
			if !published || err == nil && ok && at == i {
				kept.proofs = append(kept.proofs, p)
			}
		}
		if len(kept.proofs) > 0 {
			out = append(out, kept)
		}
	}
	return encodeWitnessFile(out)
}
