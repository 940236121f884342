package secret_test

import (
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/secret"
)

func TestPasswordsAreChecked(t *testing.T) {
	t.Parallel()
	kept, err := secret.HashPassword("correct horse", secret.Rounds)
	if err != nil || strings.Contains(kept, "horse") {
		t.Fatalf("got %q, %v", kept, err)
	}
	if !strings.HasPrefix(kept, "pbkdf2-sha256$600000$") || !secret.CheckPassword(kept, "correct horse", secret.Rounds) {
		t.Error("the password is refused")
	}
	const few = 1000
	if kept, err = secret.HashPassword("correct horse", few); err != nil || !secret.CheckPassword(kept, "correct horse", secret.Rounds) {
		t.Error("the password is refused that was hashed in a few rounds")
	}
	for _, wrong := range []struct{ kept, password string }{
		{kept, "correct horsf"}, {kept, ""}, {"", ""}, {"", "correct horse"}, {"pbkdf2-sha256$x$$", ""}, {"plain", "plain"},
	} {
		if secret.CheckPassword(wrong.kept, wrong.password, few) {
			t.Errorf("%q is taken for the password of %q", wrong.password, wrong.kept)
		}
	}
	if again, _ := secret.HashPassword("correct horse", few); again == kept {
		t.Error("the same password has the same hash")
	}
}
