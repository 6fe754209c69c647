package cbrtest

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
)

// memAddr is the address of every listener in memory. It is a loopback address, since clients send plain HTTP nowhere
// else, and its port is one on which hardly a machine listens.
type memAddr struct{}

func (memAddr) Network() string { return "memory" }
func (memAddr) String() string  { return "127.0.0.1:1" }

// memListener accepts connections that are made in memory.
type memListener struct {
	conns  chan net.Conn
	done   chan struct{}
	closed sync.Once
}

func newMemListener() *memListener {
	return &memListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *memListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *memListener) Close() error {
	l.closed.Do(func() { close(l.done) })
	return nil
}

func (l *memListener) Addr() net.Addr { return memAddr{} }

// dial makes a connection to the listener. Other addresses do not exist in memory.
func (l *memListener) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	refused := func(err error) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "memory", Addr: memAddr{}, Err: err}
	}
	if addr != l.Addr().String() {
		return refused(errors.New("no such address in memory: " + addr))
	}
	client, server := net.Pipe()
	reset := new(atomic.Bool)
	select {
	case l.conns <- &memConn{Conn: server, reset: reset}:
		return &memConn{Conn: client, reset: reset, client: true}, nil
	case <-l.done:
		return refused(os.NewSyscallError("connect", syscall.ECONNREFUSED))
	case <-ctx.Done():
		return refused(ctx.Err())
	}
}

// memConn is one end of a connection in memory. Like a TCP connection it can be reset, and its client sees that.
type memConn struct {
	net.Conn
	reset  *atomic.Bool
	client bool
}

// SetLinger turns the next Close into a reset, as it does on a TCP connection.
func (c *memConn) SetLinger(int) error {
	c.reset.Store(true)
	return nil
}

func (c *memConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	return n, c.orReset("read", err)
}

func (c *memConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	return n, c.orReset("write", err)
}

func (c *memConn) orReset(op string, err error) error {
	if err != nil && c.client && c.reset.Load() {
		return &net.OpError{Op: op, Net: "memory", Addr: memAddr{}, Err: os.NewSyscallError(op, syscall.ECONNRESET)}
	}
	return err
}

// faultListener closes the connections that a fault asks to be closed on arrival.
type faultListener struct {
	net.Listener
	faults *faults
}

func (fl *faultListener) Accept() (net.Conn, error) {
	for {
		conn, err := fl.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if _, ok := fl.faults.take("", onAccept); !ok {
			return conn, nil
		}
		conn.Close()
	}
}
