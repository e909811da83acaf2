package sqlrows

import "github.com/bonafide-id/bonafide/store"

// Rows that exist only inside the engine.
type (
	aliasRow struct{ DID, Subject string }

	historyPage struct {
		Subject            string
		EpochVersion, Page int64
		Digests            []byte
	}

	listPage struct {
		Issuer       string
		Number, Page int64
		Bits         []byte
	}

	metaRow struct {
		Key   string
		Value []byte
	}
)

// Tables maps every kind of row to its table. NewTables makes it, once per store,
// so that nothing global can be changed.
type Tables struct {
	subjects     *codec[store.Subject]
	aliases      *codec[aliasRow]
	files        *codec[store.File]
	heads        *codec[store.Head]
	histories    *codec[historyPage]
	manifests    *codec[store.Manifest]
	forks        *codec[store.Fork]
	sightings    *codec[store.Sighting]
	sticky       *codec[store.Revoked]
	peers        *codec[store.Peer]
	metas        *codec[metaRow]
	issuers      *codec[store.Issuer]
	drafts       *codec[store.Draft]
	lists        *codec[store.List]
	listPages    *codec[listPage]
	changes      *codec[store.Change]
	audits       *codec[store.Audit]
	issued       *codec[store.Issued]
	publications *codec[store.Publication]
}

// NewTables returns the tables of the newest schema.
func NewTables() *Tables {
	return &Tables{
		subjects: newCodec("subjects", 1,
			"subject *did method log_version log_version_id class contested deactivated first_seen updated",
			func(r *store.Subject) []any {
				return []any{&r.Subject, &r.DID, &r.Method, &r.LogVersion, &r.LogVersionID, &r.Class,
					&r.Contested, &r.Deactivated, &r.FirstSeen, &r.Updated}
			}),
		aliases: newCodec("aliases", 1, "did *subject",
			func(r *aliasRow) []any { return []any{&r.DID, &r.Subject} }),
		files: newCodec("files", 2, "subject path *cid size kind seen_at source",
			func(r *store.File) []any {
				return []any{&r.Subject, &r.Path, &r.CID, &r.Size, &r.Kind, &r.SeenAt, &r.Source}
			}),
		heads: newCodec("heads", 3,
			"subject epoch_version sequence epoch *cid accepted_at published expires voided body",
			func(r *store.Head) []any {
				return []any{&r.Subject, &r.EpochVersion, &r.Sequence, &r.Epoch, &r.CID, &r.AcceptedAt,
					&r.Published, &r.Expires, &r.Voided, bodyField{&r.Body, &r.CID}}
			}),
		histories: newCodec("histories", 3, "subject epoch_version page digests",
			func(r *historyPage) []any { return []any{&r.Subject, &r.EpochVersion, &r.Page, &r.Digests} }),
		manifests: newCodec("manifests", 2, "subject head_cid *cid",
			func(r *store.Manifest) []any { return []any{&r.Subject, &r.HeadCID, &r.CID} }),
		forks: newCodec("forks", 3, "subject kind parent body seen_at",
			func(r *store.Fork) []any { return []any{&r.Subject, &r.Kind, &r.Parent, &r.Body, &r.SeenAt} }),
		sightings: newCodec("sightings", 4, "subject host url observer digest at",
			func(r *store.Sighting) []any {
				return []any{&r.Subject, &r.Host, &r.URL, &r.Observer, &r.Digest, &r.At}
			}),
		sticky: newCodec("sticky", 2, "subject path bits",
			func(r *store.Revoked) []any { return []any{&r.Subject, &r.Path, &r.Bits} }),
		peers: newCodec("peers", 1, "id addrs last_seen protected",
			func(r *store.Peer) []any { return []any{&r.ID, &r.Addrs, &r.LastSeen, &r.Protected} }),
		metas: newCodec("metas", 1, "key value",
			func(r *metaRow) []any { return []any{&r.Key, &r.Value} }),
		issuers: newCodec("issuers", 1, "subject did name state config created",
			func(r *store.Issuer) []any {
				return []any{&r.Subject, &r.DID, &r.Name, &r.State, &r.Config, &r.Created}
			}),
		drafts: newCodec("drafts", 2, "issuer path *cid kind size updated valid_until body",
			func(r *store.Draft) []any {
				return []any{&r.Issuer, &r.Path, &r.CID, &r.Kind, &r.Size, &r.Updated, &r.ValidUntil,
					bodyField{&r.Body, &r.CID}}
			}),
		lists: newCodec("lists", 2, "issuer number purposes size state created allocated dirty rendered_at +url +format",
			func(r *store.List) []any {
				return []any{&r.Issuer, &r.Number, &r.Purposes, &r.Size, &r.State, &r.Created,
					&r.Allocated, &r.Dirty, &r.RenderedAt, &r.URL, &r.Format}
			}),
		listPages: newCodec("list_pages", 3, "issuer number page bits",
			func(r *listPage) []any { return []any{&r.Issuer, &r.Number, &r.Page, &r.Bits} }),
		changes: newCodec("changes", 4, "issuer list idx purpose status at actor why seq",
			func(r *store.Change) []any {
				return []any{&r.Issuer, &r.List, &r.Index, &r.Purpose, &r.Status, &r.At, &r.By, &r.Why, &r.Seq}
			}),
		audits: newCodec("audits", 2, "issuer seq at actor action target detail",
			func(r *store.Audit) []any {
				return []any{&r.Issuer, &r.Seq, &r.At, &r.Actor, &r.Action, &r.Target, &r.Detail}
			}),
		issued: newCodec("issued", 2, "issuer id list idx *local_ref at type valid_until *+holder_ref",
			func(r *store.Issued) []any {
				return []any{&r.Issuer, &r.ID, &r.List, &r.Index, &r.LocalRef, &r.At, &r.Type,
					&r.ValidUntil, &r.HolderRef}
			}),
		publications: newCodec("publications", 1, "issuer epoch_version epoch sequence head_cid instance at",
			func(r *store.Publication) []any {
				return []any{&r.Issuer, &r.EpochVersion, &r.Epoch, &r.Sequence, &r.HeadCID, &r.Instance, &r.At}
			}),
	}
}
