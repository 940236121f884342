package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestConversationsArePagedInAnEnvelope(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, db string) {
		r := newRig(t, options{db: db})
		id := r.begin(t, r.ann, "Wheels")
		for i := range 12 {
			r.say(t, r.bob, id, fmt.Sprintf("Comment *%d*", i+1))
		}
		path := fmt.Sprintf("/conversations/%d", id)
		href := "/api/v1" + path
		got := r.do(t, "one", "", "GET "+path+"?limit=5&offset=5&context=mine", "").want(t, 200, 0)
		got.has(t,
			"context", "mine", "status", 200, "error", "<nil>", "data.title", "Wheels", "data.commentCount", 12,
			"data.comments.total", 12, "data.comments.limit", 5, "data.comments.offset", 5, "data.comments.maxOffset", 10,
			"data.comments.totalPages", 3, "data.comments.page", 2, "data.comments.type", "/api/v1/comments",
			"data.comments.items.0.html", "<p>Comment <em>6</em></p>\n", "data.comments.items.0.firstLine", "Comment 6",
			"data.comments.links.0.rel", "prev", "data.comments.links.0.href", href+"?limit=5", "data.comments.links.0.title", 1,
			"data.comments.links.1.rel", "self", "data.comments.links.1.href", href+"?limit=5&offset=5",
			"data.comments.links.2.rel", "next", "data.comments.links.2.href", href+"?limit=5&offset=10", "data.comments.links.3", "<nil>",
			"data.meta.createdBy.profileName", "ann", "data.meta.flags.visible", true, "data.meta.flags.open", true,
			"data.meta.permissions.read", true, "data.meta.permissions.create", false, "data.meta.permissions.guest", true,
		)
		if want := fmt.Sprintf(`<%[1]s?limit=5>; rel="prev", <%[1]s?limit=5&offset=5>; rel="self", <%[1]s?limit=5&offset=10>; rel="next"`, href); got.header.Get("Link") != want {
			t.Errorf("got %s, want %s", got.header.Get("Link"), want)
		}
		if got.header.Get("Cache-Control") != "no-cache" || got.header.Get("Vary") != "Authorization" {
			t.Errorf("got %v", got.header)
		}
		r.do(t, "one", "", "GET "+path+"?limit=5&offset=5&context=mine", "", "If-None-Match", got.header.Get("ETag")).want(t, 304, 0)
		r.do(t, "one", r.ann, "GET "+path+"?limit=5&offset=5&context=mine", "", "If-None-Match", got.header.Get("ETag")).want(t, 200, 0).
			has(t, "data.meta.permissions.owner", true, "data.meta.permissions.update", true, "data.meta.permissions.closeOwn", true)
		r.do(t, "one", "", "GET "+path+"?limit=5&offset=250000", "").want(t, 200, 0).has(t, "data.comments.items.0", "<nil>", "data.comments.total", 12)
		for _, query := range []string{"limit=7", "limit=0", "limit=255", "limit=-5", "offset=-5", "offset=3", "limit=10&offset=5", "offset=9000000000000000000"} {
			r.do(t, "one", "", "GET "+path+"?"+query, "").want(t, 400, codeRange)
		}
		for to, want := range map[string]string{"/lastcomment?limit=5": href + "?limit=5&offset=10", "/newcomment?limit=5": href + "?limit=5", "/lastcomment": href} {
			if got := r.do(t, "one", "", "GET "+path+to, "").want(t, 307, 0); got.header.Get("Location") != want {
				t.Errorf("%s: got %s, want %s", to, got.header.Get("Location"), want)
			}
		}
		last := got.text("data.comments.items.4.id")
		if got := r.do(t, "one", "", "GET /comments/"+last+"/incontext?limit=5", "").want(t, 307, 0); got.header.Get("Location") != href+"?limit=5&offset=5" {
			t.Errorf("got %s", got.header.Get("Location"))
		}
		r.do(t, "one", "", "HEAD "+path, "").want(t, 200, 0)
		if allow := r.do(t, "one", "", "OPTIONS "+path, "").header.Get("Allow"); allow != "DELETE, GET, HEAD, OPTIONS, PATCH, PUT" {
			t.Errorf("got %s", allow)
		}
	})
}

func TestItemsAreChangedByThoseWhoMay(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, db string) {
		r := newRig(t, options{db: db})
		id := r.begin(t, r.ann, "Wheels")
		comment := r.say(t, r.ann, id, "First")
		edit := fmt.Sprintf(`{"microcosmId":%d,"title":"Rims","meta":{"editReason":"better"}}`, r.forum)
		at := fmt.Sprintf("/conversations/%d", id)
		r.do(t, "one", "", "PUT "+at, edit).want(t, 401, codeLogin)
		r.do(t, "one", r.bob, "PUT "+at, edit).want(t, 403, codeUpdate)
		r.do(t, "one", r.ann, "PUT "+at, strings.Replace(edit, `"better"`, `""`, 1)).want(t, 422, 0)
		r.do(t, "one", r.ann, "PUT "+at, edit).want(t, 200, 0).has(t, "data.title", "Rims", "data.meta.editReason", "better")
		r.do(t, "one", "", "GET "+at, "").has(t, "data.title", "Rims")
		of := fmt.Sprintf("/comments/%d", comment)
		r.do(t, "one", r.ann, "PUT "+of, `{"markdown":"Second","meta":{"editReason":"typo"}}`).want(t, 200, 0).has(t, "data.revisions", 2, "data.firstLine", "Second")

		patch := func(path string, value any) string {
			return fmt.Sprintf(`[{"op":"replace","path":"/meta/flags/%s","value":%v}]`, path, value)
		}
		r.do(t, "one", r.ann, "PATCH "+at, patch("sticky", true)).want(t, 403, codeUpdate)
		r.do(t, "one", r.ann, "PATCH "+at, patch("open", false)).want(t, 200, 0).has(t, "data", "<nil>")
		r.do(t, "one", r.ann, "PATCH "+at, patch("open", true)).want(t, 403, codeUpdate)
		r.do(t, "one", r.bob, "POST /comments", fmt.Sprintf(`{"itemType":"conversation","itemId":%d,"markdown":"x"}`, id)).want(t, 403, codeCreate)
		both := `[{"op":"replace","path":"/meta/flags/deleted","value":true},{"op":"replace","path":"/meta/flags/sticky","value":true}]`
		r.do(t, "one", r.ann, "PATCH "+at, both).want(t, 403, codeUpdate)
		r.do(t, "one", "", "GET "+at, "").want(t, 200, 0).has(t, "data.meta.flags.sticky", false, "data.meta.flags.open", false)
		r.do(t, "one", r.owner, "PATCH "+at, patch("sticky", true)).want(t, 200, 0)
		r.do(t, "one", r.ann, "PATCH "+at, patch("deleted", true)).want(t, 200, 0)
		r.do(t, "one", "", "GET "+at, "").want(t, 404, codeDeleted)
		r.do(t, "one", "", "GET "+of, "").want(t, 404, codeDeleted)
		r.do(t, "one", r.ann, "PATCH "+at, patch("deleted", false)).want(t, 404, codeDeleted)
		r.do(t, "one", r.owner, "PATCH "+at, patch("deleted", false)).want(t, 200, 0)
		r.do(t, "one", "", "GET "+of, "").want(t, 200, 0)
		for body, status := range map[string]int{
			`[{"op":"add","path":"/meta/flags/open","value":true}]`: 501, `[{"op":"test","path":"/x"}]`: 501, `[]`: 400, `[{"op":"replace","path":"/title","value":true}]`: 400,
			patch("open", `"true"`): 400, patch("open", 1): 400, `[{"op":"replace","path":"/meta/flags/open"}]`: 400, `[{"op":"frob","path":"/x"}]`: 400, `{`: 400, `{}`: 422,
		} {
			r.do(t, "one", r.owner, "PATCH "+at, body).want(t, status, 0)
		}
		r.do(t, "one", r.bob, "DELETE "+of, "").want(t, 403, codeDelete)
		r.do(t, "one", r.ann, "DELETE "+of, "").want(t, 200, 0)
		r.do(t, "one", r.ann, "DELETE "+of, "").want(t, 200, 0)
		r.do(t, "one", "", "GET "+at, "").has(t, "data.commentCount", 0, "data.comments.total", 0)
	})
}

func TestPeopleAreToldWhatIsNew(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, db string) {
		r := newRig(t, options{db: db})
		id := r.begin(t, r.ann, "Wheels")
		first := r.say(t, r.bob, id, "Hello @owner and mail@ann.example")
		r.id(t, r.do(t, "one", r.ann, "POST /comments", fmt.Sprintf(`{"itemType":"conversation","itemId":%d,"inReplyTo":%d,"markdown":"Hi"}`, id, first)))
		r.do(t, "one", r.ann, "GET /updates", "").want(t, 200, 0).has(t, "data.updates.total", 1, "data.updates.items.0.updateType", "new_comment", "data.updates.items.0.unread", true)
		r.do(t, "one", r.bob, "GET /updates", "").has(t, "data.updates.total", 1, "data.updates.items.0.updateType", "reply_to_comment", "data.updates.items.0.createdBy.profileName", "ann")
		r.do(t, "one", r.owner, "GET /updates", "").has(t, "data.updates.items.0.updateType", "mentioned")
		r.do(t, "one", r.bob, "GET /whoami", "").has(t, "data.profileName", "bob", "data.unreadUpdates", 1, "data.commentCount", 1)
		r.do(t, "one", r.bob, "POST /profiles/read", fmt.Sprintf(`{"itemType":"conversation","itemId":%d}`, id)).want(t, 200, 0)
		r.do(t, "one", r.bob, "GET /whoami", "").has(t, "data.unreadUpdates", 0)
		r.do(t, "one", r.bob, "GET /updates/preferences", "").has(t, "data.0.updateType", "new_comment", "data.0.send", true)
		r.do(t, "one", r.bob, "PUT /updates/preferences/1", `{"send":false}`).want(t, 200, 0)
		r.say(t, r.ann, id, "More")
		r.do(t, "one", r.bob, "GET /updates", "").has(t, "data.updates.total", 1)
		r.do(t, "one", r.bob, "PUT /updates/preferences/99", `{"send":false}`).want(t, 404, 0)
		r.do(t, "one", "", "GET /updates", "").want(t, 401, codeLogin)
		r.do(t, "one", "", "GET /whoami", "").want(t, 403, codeLogin)

		r.do(t, "one", r.bob, "POST /watchers", fmt.Sprintf(`{"itemType":"microcosm","itemId":%d}`, r.forum)).want(t, 201, 0)
		r.begin(t, r.ann, "Another")
		got := r.do(t, "one", r.bob, "GET /watchers", "").has(t, "data.watchers.total", 2)
		r.do(t, "one", r.bob, "GET /updates", "").has(t, "data.updates.items.0.updateType", "new_item")
		watcher := "/watchers/" + got.text("data.watchers.items.0.id")
		r.do(t, "one", r.bob, "PATCH "+watcher, `[{"op":"replace","path":"/sendEmail","value":true}]`).want(t, 200, 0)
		r.do(t, "one", r.ann, "PATCH "+watcher, `[{"op":"replace","path":"/sendEmail","value":true}]`).want(t, 404, 0)
		r.do(t, "one", r.bob, "GET /watchers", "").has(t, "data.watchers.items.0.sendEmail", true)
		r.do(t, "one", r.bob, "DELETE "+watcher, "").want(t, 200, 0)
		r.do(t, "one", r.bob, "GET /watchers", "").has(t, "data.watchers.total", 1)
	})
}

func TestSearchFindsWhatCanBeRead(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, db string) {
		r := newRig(t, options{db: db})
		id := r.begin(t, r.ann, "Tubeless wheels")
		comment := r.say(t, r.bob, id, "The *sealant* dries out")
		r.say(t, r.ann, id, "Sealant again")
		r.do(t, "one", "", "GET /search?q=SEALANT", "").want(t, 200, 0).has(t, "data.results.total", 2, "data.results.items.0.itemType", "comment", "data.results.items.0.text", "Sealant again")
		r.do(t, "one", "", "GET /search?q=sealant+dries", "").has(t, "data.results.total", 1, "data.results.items.0.itemId", comment)
		r.do(t, "one", "", "GET /search?q=tubeless&type=conversation", "").has(t, "data.results.total", 1, "data.results.items.0.itemId", id)
		r.do(t, "one", "", "GET /search?q=sealant&sort=oldest&since=2020-01-01T00:00:00Z", "").has(t, "data.results.items.0.itemId", comment)
		r.do(t, "one", "", "GET /search?q=sealant&until=2020-01-01T00:00:00Z", "").has(t, "data.results.total", 0)
		r.do(t, "one", "", "GET /search?q=sealant&authorId=999999", "").has(t, "data.results.total", 0)
		r.do(t, "one", r.bob, "GET /search?q=sealant&following=true", "").has(t, "data.results.total", 2)
		r.do(t, "one", "", "GET /search?q=sealant&following=true", "").has(t, "data.results.total", 0)
		r.do(t, "one", "", "GET /search?q=sealant&has=attachment", "").has(t, "data.results.total", 0)
		r.do(t, "one", "", fmt.Sprintf("GET /search?q=sealant&forumId=%d&limit=5", r.forum), "").has(t, "data.results.total", 2,
			"data.results.links.0.href", fmt.Sprintf("/api/v1/search?forumId=%d&limit=5&q=sealant", r.forum))
		r.do(t, "one", r.bob, fmt.Sprintf("PUT /comments/%d", comment), `{"markdown":"Nothing","meta":{"editReason":"x"}}`).want(t, 200, 0)
		r.do(t, "one", "", "GET /search?q=dries", "").has(t, "data.results.total", 0)
		r.say(t, r.ann, id, "Rims, rims and rims")
		r.say(t, r.ann, id, "A long text that has many words, and says rims once in all of them, at the very end of it")
		r.do(t, "one", "", "GET /search?q=rims", "").has(t, "data.results.total", 2, "data.results.items.1.text", "Rims, rims and rims")
		r.do(t, "one", "", "GET /search?q=rims&sort=relevance", "").want(t, 200, 0).has(t, "data.results.total", 2, "data.results.items.0.text", "Rims, rims and rims")
		for _, q := range []string{`%22`, `%22%22`, `a%22+OR+b`, `*`, `NEAR(`, `-`, `%27;DROP+TABLE+items`, `%00`, `a:b`, `^`} {
			if got := r.do(t, "one", "", "GET /search?q="+q, ""); got.status != 200 && got.status != 400 {
				t.Errorf("%s: got %d %s", q, got.status, got.body)
			}
		}
		r.do(t, "one", "", "GET /search?q=+", "").want(t, 400, codeContent)
		r.do(t, "one", r.ann, "POST /conversations", fmt.Sprintf(`{"microcosmId":%d,"title":"a\u0000b"}`, r.forum)).want(t, 400, codeContent)
		r.do(t, "one", r.ann, "POST /conversations", fmt.Sprintf(`{"microcosmId":%d,"title":"a\\\\u0000b"}`, r.forum)).want(t, 201, 0)
		r.do(t, "two", "", "GET /search?q=sealant", "").want(t, 200, 0).has(t, "data.results.total", 0)
	})
}

func TestRolesGiveWhatTheyAreFor(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, db string) {
		r := newRig(t, options{db: db})
		r.do(t, "one", r.ann, "GET /roles", "").want(t, 403, codeNotAdmin)
		r.do(t, "one", r.owner, "GET /roles", "").want(t, 200, 0).has(t, "data.roles.total", 4, "data.roles.items.0.includeGuests", true)
		secret := r.id(t, r.do(t, "one", r.owner, "POST /microcosms", `{"title":"Secret","description":"","visibility":"private"}`))
		at := fmt.Sprintf("/microcosms/%d", secret)
		r.do(t, "one", r.ann, "GET "+at, "").want(t, 403, codeRead)
		r.do(t, "one", r.ann, "GET /microcosms", "").has(t, "data.microcosms.total", 1)
		r.do(t, "one", r.owner, "GET /microcosms/tree", "").has(t, "data.microcosms.1.title", "Secret")
		role := r.give(t, r.ann, fmt.Sprintf(`{"microcosmId":%d,"title":"Insiders","read":true,"readOthers":true,"create":true}`, secret))
		r.do(t, "one", r.ann, "GET "+at, "").want(t, 200, 0).has(t, "data.meta.permissions.create", true)
		r.do(t, "one", r.bob, "GET "+at, "").want(t, 403, codeRead)
		hidden := r.id(t, r.do(t, "one", r.ann, "POST /conversations", fmt.Sprintf(`{"microcosmId":%d,"title":"Whisper"}`, secret)))
		comment := r.say(t, r.ann, hidden, "psst")
		for _, path := range []string{fmt.Sprintf("/conversations/%d", hidden), fmt.Sprintf("/comments/%d", comment), fmt.Sprintf("/comments/%d/incontext", comment)} {
			r.do(t, "one", r.bob, "GET "+path, "").want(t, 403, codeRead)
		}
		r.do(t, "one", r.bob, "GET /conversations", "").has(t, "data.conversations.total", 0)
		r.do(t, "one", r.bob, "GET /search?q=psst", "").has(t, "data.results.total", 0)
		r.do(t, "one", r.ann, "GET /search?q=psst", "").has(t, "data.results.total", 1)
		r.do(t, "one", r.owner, fmt.Sprintf("GET /roles/%d/profiles", role), "").has(t, "data.profiles.items.0.profileName", "ann", "data.profiles.total", 1)
		r.do(t, "one", r.owner, fmt.Sprintf("GET /roles/%d/members", role), "").want(t, 200, 0).has(t, "data.profiles.total", 1)
		members := r.do(t, "one", r.owner, "GET /roles", "").text("data.roles.items.1.id")
		r.do(t, "one", r.owner, "GET /roles/"+members+"/members", "").has(t, "data.profiles.total", 3)
		r.do(t, "one", r.ann, "GET /roles/"+members+"/members", "").want(t, 403, codeNotAdmin)
		r.do(t, "one", r.owner, fmt.Sprintf("PUT /roles/%d", role), fmt.Sprintf(`{"microcosmId":%d,"title":"Insiders","read":true}`, secret)).want(t, 200, 0)
		r.do(t, "one", r.ann, fmt.Sprintf("GET /comments/%d", comment), "").want(t, 200, 0) // her own conversation
		r.do(t, "one", r.owner, fmt.Sprintf("DELETE /roles/%d", role), "").want(t, 200, 0)
		r.do(t, "one", r.ann, fmt.Sprintf("GET /comments/%d", comment), "").want(t, 403, codeRead)

		r.give(t, r.bob, `{"title":"Out","banned":true}`)
		for path, status := range map[string]int{"/site": 200, "/whoami": 200, "/conversations": 403, "/profiles": 403, "/updates": 403, at: 403} {
			r.do(t, "one", r.bob, "GET "+path, "").want(t, status, 0)
		}
		me := r.do(t, "one", r.bob, "GET /whoami", "").has(t, "data.meta.permissions.banned", true).text("data.id")
		r.do(t, "one", r.bob, "GET /profiles/"+me, "").want(t, 200, 0)
		r.do(t, "one", r.ann, "PATCH /profiles/"+me, `[{"op":"replace","path":"/member","value":false}]`).want(t, 403, codeUpdate)
		r.do(t, "one", r.owner, "PATCH /profiles/"+me, `[{"op":"replace","path":"/member","value":false}]`).want(t, 200, 0)
		r.do(t, "one", r.owner, "GET /profiles/"+me, "").has(t, "data.member", false)
	})
}

func TestSitesAndProfilesAreTheirOwners(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	edit := `{"title":"New","description":"D","meta":{"editReason":"x"}}`
	r.do(t, "one", r.ann, "PUT /site", edit).want(t, 403, codeNotAdmin)
	r.do(t, "one", r.owner, "PUT /site", edit).want(t, 200, 0).has(t, "data.title", "New", "data.subdomainKey", "one")
	r.do(t, "two", "", "GET /site", "").has(t, "data.title", "Site two")
	bob := r.do(t, "one", r.bob, "GET /whoami", "").text("data.id")
	name := `{"profileName":"robert","avatar":"","meta":{"editReason":"x"}}`
	r.do(t, "one", r.ann, "PUT /profiles/"+bob, name).want(t, 403, codeUpdate)
	r.do(t, "one", r.bob, "PUT /profiles/"+bob, name).want(t, 200, 0).has(t, "data.profileName", "robert")
	r.do(t, "one", r.bob, "PUT /profiles/"+bob, strings.Replace(name, "robert", "ann", 1)).want(t, 409, 0)
	r.do(t, "one", r.bob, "PUT /profiles/"+bob, strings.Replace(name, "robert", "<b>", 1)).want(t, 422, 0)
	r.do(t, "one", "", "GET /profiles", "").want(t, 200, 0).has(t, "data.profiles.total", 3)
	r.do(t, "one", r.bob, "DELETE /profiles/"+bob, "").want(t, 200, 0)
	r.do(t, "one", r.bob, "GET /whoami", "").want(t, 401, codeInvalid)
	r.do(t, "one", r.ann, "GET /profiles/"+bob, "").want(t, 404, 0)
}
