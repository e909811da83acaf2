package p2p

import (
	"context"
	"strings"
	"sync"

	ds "github.com/ipfs/go-datastore"
	"github.com/ipfs/go-datastore/query"
)

const (
	providersPerKey  = 64      // peers remembered for one key
	keysPerProvider  = 1 << 12 // keys remembered for one peer
	maxProviderKey   = 256     // bytes of a record's name
	maxProviderValue = 64      // bytes of a record: a time
)

// providerStore keeps the DHT's provider records in memory. It exists because
// the DHT bounds neither how many records a stranger may leave nor how many
// it keeps for one key; here all three numbers have a limit. A full store
// drops a record of any other key: they are soft state, repeated by their
// owners. Names are "/providers/<key>/<peer>".
type providerStore struct {
	max int

	mu     sync.Mutex
	total  int
	byKey  map[string]map[string][]byte // "/providers/<key>" -> "<peer>" -> value
	byPeer map[string]int
}

func newProviderStore(limit int) *providerStore {
	return &providerStore{max: limit, byKey: map[string]map[string][]byte{}, byPeer: map[string]int{}}
}

// split cuts a name before its last element.
func split(k ds.Key) (key, peer string) {
	s := k.String()
	i := strings.LastIndexByte(s, '/')
	return s[:i], s[i+1:]
}

// Put implements datastore.Write. What is beyond a limit is dropped silently:
// to the DHT every record is one that may be lost.
func (p *providerStore) Put(_ context.Context, k ds.Key, value []byte) error {
	if len(k.String()) > maxProviderKey || len(value) > maxProviderValue {
		return nil
	}
	key, id := split(k)
	p.mu.Lock()
	defer p.mu.Unlock()
	peers := p.byKey[key]
	if _, there := peers[id]; !there {
		if len(peers) >= providersPerKey || p.byPeer[id] >= keysPerProvider {
			return nil
		}
		for p.total >= p.max {
			p.evict()
		}
		if peers = p.byKey[key]; peers == nil { // evict may have taken the last
			peers = map[string][]byte{}
			p.byKey[key] = peers
		}
		p.total++
		p.byPeer[id]++
	}
	peers[id] = append([]byte(nil), value...)
	return nil
}

// evict drops any one record; the caller holds mu and total > 0.
func (p *providerStore) evict() {
	for key, peers := range p.byKey { // random order
		for id := range peers {
			p.remove(key, id)
			return
		}
	}
}

// remove drops one record; the caller holds mu.
func (p *providerStore) remove(key, id string) {
	peers := p.byKey[key]
	if _, there := peers[id]; !there {
		return
	}
	delete(peers, id)
	if len(peers) == 0 {
		delete(p.byKey, key)
	}
	p.total--
	if p.byPeer[id]--; p.byPeer[id] == 0 {
		delete(p.byPeer, id)
	}
}

// Delete implements datastore.Write.
func (p *providerStore) Delete(_ context.Context, k ds.Key) error {
	key, id := split(k)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remove(key, id)
	return nil
}

// Get implements datastore.Read.
func (p *providerStore) Get(_ context.Context, k ds.Key) ([]byte, error) {
	key, id := split(k)
	p.mu.Lock()
	defer p.mu.Unlock()
	v, ok := p.byKey[key][id]
	if !ok {
		return nil, ds.ErrNotFound
	}
	return append([]byte(nil), v...), nil
}

// Has implements datastore.Read.
func (p *providerStore) Has(ctx context.Context, k ds.Key) (bool, error) {
	_, err := p.Get(ctx, k)
	return err == nil, nil
}

// GetSize implements datastore.Read.
func (p *providerStore) GetSize(ctx context.Context, k ds.Key) (int, error) {
	v, err := p.Get(ctx, k)
	if err != nil {
		return -1, err
	}
	return len(v), nil
}

// Query implements datastore.Read: one key's records at once when the prefix
// names a key, else all.
func (p *providerStore) Query(_ context.Context, q query.Query) (query.Results, error) {
	prefix := ds.NewKey(q.Prefix).String()
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []query.Entry
	add := func(key string, peers map[string][]byte) {
		for id, v := range peers {
			out = append(out, query.Entry{Key: key + "/" + id, Value: append([]byte(nil), v...), Size: len(v)})
		}
	}
	if peers, ok := p.byKey[prefix]; ok {
		add(prefix, peers)
	} else if strings.Count(prefix, "/") < 2 {
		for key, peers := range p.byKey {
			if prefix == "/" || strings.HasPrefix(key, prefix+"/") {
				add(key, peers)
			}
		}
	}
	q.Prefix = "" // done above
	return query.NaiveQueryApply(q, query.ResultsWithEntries(q, out)), nil
}

// Sync implements datastore.Datastore.
func (p *providerStore) Sync(context.Context, ds.Key) error { return nil }

// Close implements datastore.Datastore.
func (p *providerStore) Close() error { return nil }

// Batch implements datastore.Batching.
func (p *providerStore) Batch(context.Context) (ds.Batch, error) { return ds.NewBasicBatch(p), nil }
