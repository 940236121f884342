package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"

	api "github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
)

const (
	// patience is how long a request may take.
	patience = 5 * time.Second
	// searchPatience is how long a search may take.
	searchPatience = 3 * time.Second
	// most is how many requests there may be at a time. The database has fewer connections.
	most = 128
	// mostSearches is how many searches there may be at a time, so that they leave
	// connections to others.
	mostSearches = 4
	// mostUploads is how many uploads there may be at a time.
	mostUploads = 16
)

// A service is what the handlers are made of.
type service struct {
	store          *store
	authenticators map[string]Authenticator
	later          *later
	live           *hub
	followers      atomic.Int64 // WebSockets that are open
	dropped        atomic.Int64 // and those whose clients didn't read
	registry       metrics.Registry
	files          string        // the directory of files
	pixels         chan struct{} // one for each image that is made smaller
	domain         string
}

// handler returns the tree of handlers.
func (s *service) handler() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	v1 := tigertonic.NewTrieServeMux()
	mux.HandleNamespace(api.Base, tigertonic.Authenticated(s.api(v1), tigertonic.BearerAuth(s.bearer).Realm("forum"), tigertonic.Anonymous()))
	mux.Handle("GET", api.Base+"/live", tigertonic.Authenticated(tigertonic.Described(tigertonic.HandlerFunc(s.follow), describeLive),
		tigertonic.BearerAuth(s.bearer).Realm("forum"), tigertonic.APIKeyAuth("cookie", cookieName, s.bearer), tigertonic.Anonymous()))
	hosts := tigertonic.NewHostServeMux()
	hosts.Handle("{site}."+s.domain, tigertonic.First(tigertonic.HandlerFunc(s.findSite), mux))

	inner := tigertonic.WithContext(hosts, visit{})
	s.handleWeb(mux, inner)
	recovered := tigertonic.Recovered(inner)
	recovered.Panics = metrics.GetOrRegisterCounter("panics", s.registry)
	root := tigertonic.Accessed(tigertonic.Identified(tigertonic.CountedByStatus(recovered, "http", s.registry), nil), nil)
	doc := describe(root)
	mux.Handle("GET", "/openapi.json", doc.Handler())
	mux.Handle("GET", "/docs", openapi.Page(doc))
	return root
}

func describe(root http.Handler) *openapi.Document {
	return openapi.New(root, openapi.Info{
		Title: "Forum", Version: version,
		Description: "Forums by host: each name below the domain is a site of its own, and an ID of one site is none of another.",
	})
}

// A declared is what a handler can be registered as.
type declared interface {
	Handle(mux *tigertonic.TrieServeMux, h http.Handler)
}

// api registers the API.
func (s *service) api(mux *tigertonic.TrieServeMux) http.Handler {
	handle := func(d declared, id, summary, tag string, e *tigertonic.Endpoint) {
		e = e.OperationID(id).Summary(summary).Tags(tag).Errors(errorsOfAll()...).Around(withoutNUL)
		d.Handle(mux, tigertonic.Timed(tigertonic.Limited(tigertonic.Within(e, patience), most, nil), id, s.registry))
	}
	handle(api.GetSite, "get-site", "Show the site", "site", tigertonic.Typed(s.getSite))
	handle(api.PutSite, "put-site", "Change the site", "site", tigertonic.Typed(s.putSite))
	handle(api.SignIn, "sign-in", "Get a token", "auth", tigertonic.Typed(s.signIn))
	handle(api.SignOut, "sign-out", "Revoke the token of the request", "auth", tigertonic.Typed(s.signOut))
	handle(api.WhoAmI, "who-am-i", "Show the caller's profile", "auth", tigertonic.Typed(s.whoAmI))

	handle(api.ListProfiles, "list-profiles", "List profiles", "profiles", tigertonic.Typed(s.listProfiles))
	handle(api.GetProfile, "get-profile", "Show a profile", "profiles", tigertonic.Typed(s.getProfile))
	handle(api.PutProfile, "put-profile", "Change a profile", "profiles", tigertonic.Typed(s.putProfile))
	handle(api.PatchProfile, "patch-profile", "Make a profile a member, or not", "profiles", tigertonic.Typed(s.patchProfile))
	handle(api.DeleteProfile, "delete-profile", "Delete a profile", "profiles", tigertonic.Typed(s.deleteProfile))
	handle(api.MarkRead, "mark-read", "Mark an item as read", "profiles", tigertonic.Typed(s.markRead))

	handle(api.ListMicrocosms, "list-microcosms", "List microcosms", "microcosms", tigertonic.Typed(s.listMicrocosms))
	handle(api.AddMicrocosm, "add-microcosm", "Make a microcosm", "microcosms", tigertonic.Typed(s.addMicrocosm))
	handle(api.GetMicrocosm, "get-microcosm", "Show a microcosm with a page of its conversations", "microcosms", tigertonic.Typed(s.getMicrocosm))
	handle(api.PutMicrocosm, "put-microcosm", "Change a microcosm", "microcosms", tigertonic.Typed(s.putMicrocosm))
	handle(api.PatchMicrocosm, "patch-microcosm", "Set flags of a microcosm", "microcosms", tigertonic.Typed(s.patch(kindMicrocosm)))
	handle(api.DeleteMicrocosm, "delete-microcosm", "Delete a microcosm", "microcosms", tigertonic.Typed(s.remove(kindMicrocosm)))
	handle(api.GetTree, "get-tree", "Show all microcosms as a tree", "microcosms", tigertonic.Typed(s.tree))

	handle(api.ListConversations, "list-conversations", "List conversations", "conversations", tigertonic.Typed(s.listConversations))
	handle(api.AddConversation, "add-conversation", "Begin a conversation", "conversations", tigertonic.Typed(s.addConversation))
	handle(api.GetConversation, "get-conversation", "Show a conversation with a page of its comments", "conversations", tigertonic.Typed(s.getConversation))
	handle(api.PutConversation, "put-conversation", "Change a conversation", "conversations", tigertonic.Typed(s.putConversation))
	handle(api.PatchConversation, "patch-conversation", "Set flags of a conversation", "conversations", tigertonic.Typed(s.patch(kindConversation)))
	handle(api.DeleteConversation, "delete-conversation", "Delete a conversation", "conversations", tigertonic.Typed(s.remove(kindConversation)))
	handle(api.NewComment, "new-comment", "Go to the first comment that the caller hasn't read", "conversations", tigertonic.Typed(s.newComment))
	handle(api.LastComment, "last-comment", "Go to the last comment", "conversations", tigertonic.Typed(s.lastComment))

	handle(api.AddComment, "add-comment", "Comment", "comments", tigertonic.Typed(s.addComment))
	handle(api.GetComment, "get-comment", "Show a comment", "comments", tigertonic.Typed(s.getComment))
	handle(api.PutComment, "put-comment", "Change a comment", "comments", tigertonic.Typed(s.putComment))
	handle(api.PatchComment, "patch-comment", "Set flags of a comment", "comments", tigertonic.Typed(s.patch(kindComment)))
	handle(api.DeleteComment, "delete-comment", "Delete a comment", "comments", tigertonic.Typed(s.remove(kindComment)))
	handle(api.InContext, "in-context", "Go to the page of a conversation that has a comment", "comments", tigertonic.Typed(s.inContext))

	handle(api.ListWatchers, "list-watchers", "List what the caller watches", "watchers", tigertonic.Typed(s.listWatchers))
	handle(api.AddWatcher, "add-watcher", "Watch something", "watchers", tigertonic.Typed(s.addWatcher))
	handle(api.PatchWatcher, "patch-watcher", "Have mails sent, or not", "watchers", tigertonic.Typed(s.patchWatcher))
	handle(api.DeleteWatcher, "delete-watcher", "Stop watching", "watchers", tigertonic.Typed(s.deleteWatcher))

	handle(api.ListUpdates, "list-updates", "List what is new for the caller", "updates", tigertonic.Typed(s.listUpdates))
	handle(api.GetPreferences, "get-preferences", "List which updates the caller gets", "updates", tigertonic.Typed(s.preferences))
	handle(api.PutPreference, "put-preference", "Change which updates the caller gets", "updates", tigertonic.Typed(s.putPreference))

	handle(api.ListRoles, "list-roles", "List roles", "roles", tigertonic.Typed(s.listRoles))
	handle(api.ForumRoles, "list-forum-roles", "List the roles of a microcosm", "roles", tigertonic.Typed(s.forumRoles))
	handle(api.AddRole, "add-role", "Make a role", "roles", tigertonic.Typed(s.addRole))
	handle(api.GetRole, "get-role", "Show a role", "roles", tigertonic.Typed(s.getRole))
	handle(api.PutRole, "put-role", "Change a role", "roles", tigertonic.Typed(s.putRole))
	handle(api.DeleteRole, "delete-role", "Delete a role", "roles", tigertonic.Typed(s.deleteRole))
	handle(api.ListRoleProfiles, "list-role-profiles", "List who has a role", "roles", tigertonic.Typed(s.roleProfiles))
	handle(api.AddToRole, "add-to-role", "Give a role to a profile", "roles", tigertonic.Typed(s.setRole(giveRole)))
	handle(api.DropFromRole, "drop-from-role", "Take a role from a profile", "roles", tigertonic.Typed(s.setRole(takeRole)))

	s.filesAPI(mux, handle)
	search := tigertonic.Typed(s.search).OperationID("search").Summary("Search conversations and comments").Tags("search").Errors(errorsOfAll()...).Around(withoutNUL)
	api.Search.Handle(mux, tigertonic.Timed(tigertonic.Limited(tigertonic.Within(search, patience), mostSearches, nil), "search", s.registry))
	return mux
}

// filesAPI registers what is done with files.
func (s *service) filesAPI(mux *tigertonic.TrieServeMux, handle func(d declared, id, summary, tag string, e *tigertonic.Endpoint)) {
	upload := tigertonic.Typed(s.upload).OperationID("upload-file").Summary("Upload a file").Tags("files").Errors(errorsOfAll()...)
	api.UploadFile.Handle(mux, tigertonic.Timed(tigertonic.Limited(upload, mostUploads, nil), "upload-file", s.registry))
	handle(api.GetFile, "get-file", "Get a file", "files", tigertonic.Typed(s.getFile))
	handle(api.CommentFiles, "list-comment-files", "List the files of a comment", "files", tigertonic.Typed(s.attachments(kindComment)))
	handle(api.AttachToComment, "attach-to-comment", "Attach a file to a comment", "files", tigertonic.Typed(s.attach(kindComment)))
	handle(api.DetachFromComment, "detach-from-comment", "Take a file from a comment", "files", tigertonic.Typed(s.detach(kindComment)))
	handle(api.ConversationFiles, "list-conversation-files", "List the files of a conversation", "files", tigertonic.Typed(s.attachments(kindConversation)))
	handle(api.AttachToTopic, "attach-to-conversation", "Attach a file to a conversation", "files", tigertonic.Typed(s.attach(kindConversation)))
	handle(api.DetachFromTopic, "detach-from-conversation", "Take a file from a conversation", "files", tigertonic.Typed(s.detach(kindConversation)))
}

// withoutNUL refuses text that PostgreSQL can't keep.
func withoutNUL(ctx context.Context, call *tigertonic.Call, next func(context.Context) error) error {
	if call.Request().Method != http.MethodGet || call.OperationID() == "search" {
		text, err := json.Marshal(call.Input())
		if err != nil || strings.Contains(strings.ReplaceAll(string(text), `\\`, ""), `\u0000`) {
			return visitOf(ctx).refuse(http.StatusBadRequest, codeContent, "the request has a NUL")
		}
	}
	return next(ctx)
}

// errorsOfAll are what any operation can answer, besides what its input and its wrappers
// describe. The code in data.errorCode says more than the status.
func errorsOfAll() []error {
	var all []error
	for _, status := range []int{400, 401, 403, 404, 409, 413, 415, 429, 500, 501, 503} {
		all = append(all, tigertonic.Problem{Status: status, Detail: http.StatusText(status)})
	}
	return all
}
