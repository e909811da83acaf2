package node

import (
	"github.com/bonafide-id/bonafide/credential/edc"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/legal/domain"
	"github.com/bonafide-id/bonafide/legal/seal"
)

// sources are the kinds of evidence about issuers beside recognitions, in the order
// in which they are asked: what one proves can join what the next one knows.
func (i issuers) sources() []legal.Source {
	trust := edc.Trust{Listed: i.n.listed}
	return []legal.Source{
		seal.Sealed{Trust: trust},
		seal.Statements{Trust: trust, Files: i.over.Sealed},
		seal.Keys{Trust: trust},
		domain.Source{Allowed: i.n.mayAskOrigins, Fetch: i.n.configurationOf},
	}
}
