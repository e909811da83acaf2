package verify

import (
	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/credential/badge"
	"github.com/bonafide-id/bonafide/credential/edc"
	"github.com/bonafide-id/bonafide/credential/sdjwt"
)

// Openers returns a reader for every form of credential that the project reads
// beside JSON and JWT: SD-JWT, sealed European Digital Credentials, and badges
// baked into images. trust says which seals may identify an issuer.
func Openers(trust edc.Trust) map[string]credential.Opener {
	return map[string]credential.Opener{
		credential.MediaSDJWT: sdjwt.Open,
		credential.MediaJOSE:  edc.Opener(trust),
		credential.MediaPNG:   badge.Open,
		credential.MediaSVG:   badge.Open,
	}
}
