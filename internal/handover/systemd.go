package handover

import (
	"errors"
	"net"
	"os"
)

// Notify sends a state, such as "READY=1", to the socket that systemd has named in
// NOTIFY_SOCKET (sd_notify(3)). It does nothing if there is none.
func Notify(state string) error {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"}) // @ means the abstract namespace
	if err != nil {
		return err
	}
	_, err = conn.Write([]byte(state))
	return errors.Join(err, conn.Close())
}
