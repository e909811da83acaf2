package replica

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/revocation"
)

// statusToken judges a Status List Token. The one in CBOR has the name of the one
// that is a JWT, because sub is what the referenced tokens carry.
func (c *fileCheck) statusToken(ctx context.Context) error {
	list, row, ok := revocation.ReadStatusToken(ctx, c.rec.Body, "", revocation.Options{Credential: c.options()})
	if !ok {
		return fmt.Errorf("%s: %s", row.Code, row.Params["detail"])
	}
	path, media := c.rec.Path, revocation.MediaStatusJWT
	if c.rec.Kind == record.KindStatusCWT {
		path, media = strings.TrimSuffix(path, ".cwt")+".jwt", revocation.MediaStatusCWT
	}
	if list.MediaType != media {
		return fmt.Errorf("%s holds %s", c.rec.Path, list.MediaType)
	}
	if err := c.named(ctx, list, path); err != nil {
		return err
	}
	return c.against(ctx, list)
}

// begun is when a list that was accepted before says that it was made; nil where
// that cannot be read.
func (c *fileCheck) begun(body []byte) *time.Time {
	if c.rec.Kind != record.KindStatusList {
		return revocation.TokenIssuedAt(body)
	}
	before, err := credential.Parse(body, strictjson.Limits{})
	if err != nil {
		return nil
	}
	return before.ValidFrom
}

// pair is the evidence that a list takes back what an older one says: both of
// them, credentials as they are, JWTs as texts, CWTs in base64.
func (c *fileCheck) pair(old []byte) ([]byte, error) {
	switch c.rec.Kind {
	case record.KindStatusToken:
		return json.Marshal([]string{string(old), string(c.rec.Body)})
	case record.KindStatusCWT:
		return json.Marshal([][]byte{old, c.rec.Body})
	}
	return json.Marshal([]json.RawMessage{old, c.rec.Body})
}
