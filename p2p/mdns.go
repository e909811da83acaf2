package p2p

import (
	"context"
	crand "crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/net/ipv4"
)

// Local discovery speaks the mDNS of libp2p's specification (discovery/mdns.md)
// under a service name of our own, over IPv4. It is here and not a library's,
// because what comes from the network is read with limits and a peer found
// this way is remembered as one of this network only (see gate).
const (
	mdnsService  = "_bonafide._udp.local."
	mdnsPrefix   = "dnsaddr="
	mdnsTTL      = 120 // seconds
	mdnsPacket   = 1400
	mdnsAddrs    = 8  // told and heard of one host
	mdnsRecords  = 32 // looked at in one packet
	mdnsPerTurn  = 32 // hosts dialled between two of our questions
	mdnsReplyGap = time.Second
	mdnsAskFirst = time.Second
	mdnsAskLast  = time.Minute
	mdnsFailures = 100 // reads that fail in a row
)

// link carries packets to and from everybody on the local network.
type link interface {
	Send(b []byte) error
	Receive(b []byte) (int, error)
	Close() error
}

// finder asks who is there, and answers when others ask.
type finder struct {
	link  link
	self  peer.ID
	name  string          // of this host's record: random, says nothing
	addrs func() []string // of this host, with /p2p/
	found func(peer.AddrInfo)
	now   func() time.Time

	mu       sync.Mutex
	answered time.Time
	turn     int // hosts found since our last question
}

// startMDNS announces this host on the local network and looks for others.
func (h *Host) startMDNS() (stop func(), err error) {
	l, err := openMulticast()
	if err != nil {
		return nil, err
	}
	var b [16]byte
	if _, err := crand.Read(b[:]); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	f := &finder{
		link: l, self: h.host.ID(), name: hex.EncodeToString(b[:]) + "." + mdnsService,
		addrs: h.localAddrs, found: h.metLocally, now: h.set.now,
	}
	ctx, cancel := context.WithCancel(h.ctx)
	var wg sync.WaitGroup
	wg.Go(f.listen)
	wg.Go(func() { f.ask(ctx) })
	return func() {
		cancel()
		_ = l.Close()
		wg.Wait()
	}, nil
}

// localAddrs returns what others on this network are told.
func (h *Host) localAddrs() []string {
	addrs, err := h.host.Network().InterfaceListenAddresses()
	if err != nil {
		return nil
	}
	var out []string
	for _, a := range addrs {
		if len(out) < mdnsAddrs && !isRelayed(a) && (h.set.loopback || reachOf(a) != reachNone) {
			out = append(out, a.String()+"/p2p/"+h.ID())
		}
	}
	return out
}

// metLocally connects to a host found on this network.
func (h *Host) metLocally(ai peer.AddrInfo) {
	if h.host.Network().Connectedness(ai.ID) == network.Connected || !h.enter() {
		return
	}
	h.gate.found(ai.ID)
	go func() {
		defer h.leave()
		ctx, cancel := context.WithTimeout(h.ctx, dialTimeout)
		defer cancel()
		if err := h.host.Connect(ctx, ai); err != nil {
			h.log.Debug("local peer not reached", "peer", ai.ID.String(), "err", err)
		}
	}()
}

// ask asks at once, soon again, and then every minute.
func (f *finder) ask(ctx context.Context) {
	q, err := mdnsQuestion()
	if err != nil {
		return
	}
	for pause := mdnsAskFirst; ; pause = min(3*pause, mdnsAskLast) {
		f.mu.Lock()
		f.turn = 0
		f.mu.Unlock()
		_ = f.link.Send(q) // a network that is down comes back
		if !wait(ctx, scatter(pause)) {
			return
		}
	}
}

// listen reads until the link is closed, or does not work any more.
func (f *finder) listen() {
	b := make([]byte, 9000)
	for failed := 0; failed < mdnsFailures; {
		n, err := f.link.Receive(b)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			failed++
		default:
			failed = 0
			f.handle(b[:n])
		}
	}
}

// handle reads one packet.
func (f *finder) handle(b []byte) {
	asked, addrs, err := parseMDNS(b)
	if err != nil {
		return
	}
	if asked && f.mayAnswer() {
		if answer, err := mdnsAnswer(f.name, f.addrs()); err == nil {
			_ = f.link.Send(answer)
		}
	}
	infos, err := peer.AddrInfosFromP2pAddrs(addrs...)
	if err != nil {
		return
	}
	for _, ai := range infos {
		if ai.ID != f.self && len(ai.Addrs) > 0 && f.mayFind() {
			f.found(ai)
		}
	}
}

// mayAnswer bounds how often questions are answered, whoever asks.
func (f *finder) mayAnswer() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	if d := now.Sub(f.answered); d >= 0 && d < mdnsReplyGap {
		return false
	}
	f.answered = now
	return true
}

// mayFind bounds how many hosts are dialled, whatever is answered.
func (f *finder) mayFind() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.turn++
	return f.turn <= mdnsPerTurn
}

// mdnsQuestion makes the packet that asks for our service.
func mdnsQuestion() ([]byte, error) {
	service, err := dnsmessage.NewName(mdnsService)
	if err != nil {
		return nil, err
	}
	m := dnsmessage.Message{Questions: []dnsmessage.Question{{
		Name: service, Type: dnsmessage.TypePTR, Class: dnsmessage.ClassINET,
	}}}
	return m.Pack()
}

// mdnsAnswer makes the packet that says where this host is.
func mdnsAnswer(name string, addrs []string) ([]byte, error) {
	service, err := dnsmessage.NewName(mdnsService)
	if err != nil {
		return nil, err
	}
	own, err := dnsmessage.NewName(name)
	if err != nil {
		return nil, err
	}
	var texts []string
	size := 128
	for _, a := range addrs {
		text := mdnsPrefix + a
		if len(text) <= 255 && size+len(text)+1 <= mdnsPacket {
			texts = append(texts, text)
			size += len(text) + 1
		}
	}
	if len(texts) == 0 {
		return nil, fmt.Errorf("p2p: no address for local discovery")
	}
	m := dnsmessage.Message{
		Header: dnsmessage.Header{Response: true, Authoritative: true},
		Answers: []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: service, Class: dnsmessage.ClassINET, TTL: mdnsTTL},
			Body:   &dnsmessage.PTRResource{PTR: own},
		}},
		Additionals: []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: own, Class: dnsmessage.ClassINET, TTL: mdnsTTL},
			Body:   &dnsmessage.TXTResource{TXT: texts},
		}},
	}
	return m.Pack()
}

// parseMDNS reads a packet: whether it asks for our service, and the addresses
// it gives of hosts of our service.
func parseMDNS(b []byte) (asked bool, addrs []ma.Multiaddr, err error) {
	var p dnsmessage.Parser
	head, err := p.Start(b)
	if err != nil {
		return false, nil, err
	}
	for range mdnsRecords {
		q, err := p.Question()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			break
		}
		if err != nil {
			return false, nil, err
		}
		// The top bit of a question's class asks for a unicast answer (RFC 6762, 5.4).
		asked = asked || !head.Response && q.Type == dnsmessage.TypePTR &&
			q.Class&0x7fff == dnsmessage.ClassINET && strings.EqualFold(q.Name.String(), mdnsService)
	}
	if !head.Response {
		return asked, nil, nil
	}
	if err := p.SkipAllQuestions(); err != nil {
		return false, nil, err
	}
	texts, err := mdnsTexts(p.Answer, nil)
	if err != nil {
		return false, nil, err
	}
	if err := p.SkipAllAnswers(); err != nil {
		return false, nil, err
	}
	if err := p.SkipAllAuthorities(); err != nil {
		return false, nil, err
	}
	if texts, err = mdnsTexts(p.Additional, texts); err != nil {
		return false, nil, err
	}
	for _, t := range texts {
		rest, ok := strings.CutPrefix(t, mdnsPrefix)
		if !ok || len(addrs) == mdnsAddrs {
			continue
		}
		if a, err := ma.NewMultiaddr(rest); err == nil && (isTCP(a) || isQUIC(a)) && !isRelayed(a) {
			addrs = append(addrs, a)
		}
	}
	return false, addrs, nil
}

// mdnsTexts appends the texts of our service's records in one section.
func mdnsTexts(next func() (dnsmessage.Resource, error), texts []string) ([]string, error) {
	for range mdnsRecords {
		r, err := next()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			break
		}
		if err != nil {
			return nil, err
		}
		txt, ok := r.Body.(*dnsmessage.TXTResource)
		name := strings.ToLower(r.Header.Name.String())
		if ok && strings.HasSuffix(name, "."+mdnsService) {
			texts = append(texts, txt.TXT...)
		}
	}
	return texts, nil
}

// multicast is the real link: group 224.0.0.251, port 5353 (RFC 6762).
type multicast struct {
	conn   *net.UDPConn
	packet *ipv4.PacketConn
	ifaces []net.Interface
	group  *net.UDPAddr

	mu sync.Mutex // Send chooses the interface and then sends
}

// openMulticast joins the group on every interface that can.
func openMulticast() (*multicast, error) {
	m := &multicast{group: &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 5353}}
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	for _, i := range all {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagMulticast == 0 {
			continue
		}
		if m.conn == nil {
			if m.conn, err = net.ListenMulticastUDP("udp4", &i, m.group); err != nil {
				continue
			}
			m.packet = ipv4.NewPacketConn(m.conn)
		} else if err = m.packet.JoinGroup(&i, m.group); err != nil {
			continue
		}
		m.ifaces = append(m.ifaces, i)
	}
	if m.conn == nil {
		return nil, errors.Join(errors.New("p2p: no interface for multicast"), err)
	}
	// Two nodes of one machine find each other too.
	if err := m.packet.SetMulticastLoopback(true); err != nil {
		return nil, errors.Join(err, m.conn.Close())
	}
	return m, nil
}

// Send implements link, on every interface; one that works is enough.
func (m *multicast) Send(b []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var errs []error
	for _, i := range m.ifaces {
		err := m.packet.SetMulticastInterface(&i)
		if err == nil {
			_, err = m.packet.WriteTo(b, nil, m.group)
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) == len(m.ifaces) {
		return errors.Join(errs...)
	}
	return nil
}

// Receive implements link.
func (m *multicast) Receive(b []byte) (int, error) {
	n, _, err := m.conn.ReadFromUDP(b)
	return n, err
}

// Close implements link.
func (m *multicast) Close() error { return m.conn.Close() }
