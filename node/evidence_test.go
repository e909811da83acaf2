package node

import "github.com/bonafide-id/bonafide/verify"

func emptyOverlay(n *Node) (*verify.Overlay, error) { return verify.NewOverlay(nil, n.clock()) }
