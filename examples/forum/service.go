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
	"github.com/rcrowley/go-tigertonic/examples/internal/objects"
)

const (
	// patience is how long a request may take, unless a service says otherwise.
	patience = 5 * time.Second
	// searchPatience is how long a search may take.
	searchPatience = 3 * time.Second
	// most is how many requests may be in progress at a time. The database has fewer
	// connections.
	most = 128
	// mostSearches is how many searches may run at a time, so that they leave connections
	// to others.
	mostSearches = 4
	// mostUploads is how many uploads may be in progress at a time.
	mostUploads = 16
)

// A service has the handlers and what they share.
type service struct {
	store     *store
	settings  atomic.Pointer[settings]
	later     *later
	live      *hub
	passwords *passwords
	mails     *outbox
	codes     *tries // how often they are sent to an address
	files     objects.Library
	pixels    chan struct{} // one for each image that is being scaled down
	followers atomic.Int64  // WebSockets that are open
	dropped   atomic.Int64  // and those dropped because their clients didn't read
	registry  metrics.Registry
	domain    string
	patience  time.Duration
}

// handler returns the tree of handlers.
func (s *service) handler() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	v1 := tigertonic.NewTrieServeMux()
	mux.HandleNamespace(api.Base, tigertonic.Authenticated(s.api(v1), tigertonic.BearerAuth(s.bearer).Realm("forum"), tigertonic.Anonymous()))
	mux.Handle("GET", api.Base+"/live", tigertonic.Authenticated(tigertonic.Described(tigertonic.HandlerFunc(s.follow), describeLive),
		tigertonic.BearerAuth(s.bearer).Realm("forum"), tigertonic.APIKeyAuth("cookie", cookieName, s.bearer), tigertonic.Anonymous()))
	hosts := tigertonic.NewHostServeMux()
	hosts.Handle("{site}."+s.domain, tigertonic.First(tigertonic.HandlerFunc(nameSite), mux))

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

// A declared is an operation that a handler can be registered for.
type declared interface {
	Handle(mux *tigertonic.TrieServeMux, h http.Handler)
}

// api registers the API.
func (s *service) api(mux *tigertonic.TrieServeMux) http.Handler {
	handle := func(d declared, id, summary, tag string, e *tigertonic.Endpoint) {
		e = e.OperationID(id).Summary(summary).Tags(tag).Errors(errorsOfAll()...).Around(tell, withoutNUL)
		d.Handle(mux, tigertonic.Timed(tigertonic.Limited(tigertonic.Within(e, s.patience), most, nil), id, s.registry))
	}
	handle(api.GetSite, "get-site", "Show the site", "site", answers(s.anybody, s.getSite))
	handle(api.PutSite, "put-site", "Change the site", "site", answers(s.admin, s.putSite))
	handle(api.SignIn, "sign-in", "Get a token", "auth", answers(s.anybody, s.signIn))
	handle(api.SignOut, "sign-out", "Revoke the token of the request", "auth", answers(s.anybody, s.signOut))
	handle(api.SendCode, "send-code", "Mail a code, with which to sign up or choose a new password", "auth", answers(s.anybody, s.sendCode))
	handle(api.ChoosePassword, "choose-password", "Choose a password with a code, and get a token", "auth", answers(s.anybody, s.choosePassword))
	handle(api.WhoAmI, "who-am-i", "Show the caller's profile", "auth", answers(s.anybody, s.whoAmI))

	handle(api.ListProfiles, "list-profiles", "List profiles", "profiles", answers(s.reader, s.listProfiles))
	handle(api.GetProfile, "get-profile", "Show a profile", "profiles", answers(s.anybody, s.getProfile))
	handle(api.PutProfile, "put-profile", "Change a profile", "profiles", answers(s.member, s.putProfile))
	handle(api.PatchProfile, "patch-profile", "Make a profile a member, or not", "profiles", answers(s.member, s.patchProfile))
	handle(api.DeleteProfile, "delete-profile", "Delete a profile", "profiles", answers(s.member, s.deleteProfile))
	handle(api.MarkRead, "mark-read", "Mark an item as read", "profiles", answers(s.member, s.markRead))

	handle(api.ListMicrocosms, "list-microcosms", "List microcosms", "microcosms", answers(s.visitor, s.listMicrocosms))
	handle(api.AddMicrocosm, "add-microcosm", "Make a microcosm", "microcosms", makes(s.member, s.addMicrocosm))
	handle(api.GetMicrocosm, "get-microcosm", "Show a microcosm with a page of its conversations", "microcosms", answers(s.visitor, s.getMicrocosm))
	handle(api.PutMicrocosm, "put-microcosm", "Change a microcosm", "microcosms", answers(s.member, s.putMicrocosm))
	handle(api.PatchMicrocosm, "patch-microcosm", "Set flags of a microcosm", "microcosms", answers(s.member, s.patch(kindMicrocosm)))
	handle(api.DeleteMicrocosm, "delete-microcosm", "Delete a microcosm", "microcosms", answers(s.member, s.remove(kindMicrocosm)))
	handle(api.GetTree, "get-tree", "Show all microcosms as a tree", "microcosms", answers(s.visitor, s.tree))

	handle(api.ListConversations, "list-conversations", "List conversations", "conversations", answers(s.visitor, s.listConversations))
	handle(api.AddConversation, "add-conversation", "Begin a conversation", "conversations", makes(s.member, s.addConversation))
	handle(api.GetConversation, "get-conversation", "Show a conversation with a page of its comments", "conversations", answers(s.visitor, s.getConversation))
	handle(api.PutConversation, "put-conversation", "Change a conversation", "conversations", answers(s.member, s.putConversation))
	handle(api.PatchConversation, "patch-conversation", "Set flags of a conversation", "conversations", answers(s.member, s.patch(kindConversation)))
	handle(api.DeleteConversation, "delete-conversation", "Delete a conversation", "conversations", answers(s.member, s.remove(kindConversation)))
	handle(api.NewComment, "new-comment", "Go to the first comment that the caller hasn't read", "conversations", leads(s.visitor, s.newComment))
	handle(api.LastComment, "last-comment", "Go to the last comment", "conversations", leads(s.visitor, s.lastComment))

	handle(api.AddComment, "add-comment", "Comment", "comments", makes(s.member, s.addComment))
	handle(api.GetComment, "get-comment", "Show a comment", "comments", answers(s.visitor, s.getComment))
	handle(api.PutComment, "put-comment", "Change a comment", "comments", answers(s.member, s.putComment))
	handle(api.PatchComment, "patch-comment", "Set flags of a comment", "comments", answers(s.member, s.patch(kindComment)))
	handle(api.DeleteComment, "delete-comment", "Delete a comment", "comments", answers(s.member, s.remove(kindComment)))
	handle(api.InContext, "in-context", "Go to the page of a conversation that has a comment", "comments", leads(s.visitor, s.inContext))

	handle(api.ListWatchers, "list-watchers", "List what the caller watches", "watchers", answers(s.member, s.listWatchers))
	handle(api.AddWatcher, "add-watcher", "Watch something", "watchers", makes(s.member, s.addWatcher))
	handle(api.PatchWatcher, "patch-watcher", "Turn mails on or off", "watchers", answers(s.member, s.patchWatcher))
	handle(api.DeleteWatcher, "delete-watcher", "Stop watching", "watchers", answers(s.member, s.deleteWatcher))

	handle(api.ListUpdates, "list-updates", "List updates for the caller", "updates", answers(s.member, s.listUpdates))
	handle(api.GetPreferences, "get-preferences", "List which updates the caller gets", "updates", answers(s.member, s.preferences))
	handle(api.PutPreference, "put-preference", "Change which updates the caller gets", "updates", answers(s.member, s.putPreference))

	handle(api.ListRoles, "list-roles", "List roles", "roles", answers(s.admin, s.listRoles))
	handle(api.ForumRoles, "list-forum-roles", "List the roles of a microcosm", "roles", answers(s.admin, s.forumRoles))
	handle(api.AddRole, "add-role", "Make a role", "roles", makes(s.admin, s.addRole))
	handle(api.GetRole, "get-role", "Show a role", "roles", answers(s.admin, s.getRole))
	handle(api.PutRole, "put-role", "Change a role", "roles", answers(s.admin, s.putRole))
	handle(api.DeleteRole, "delete-role", "Delete a role", "roles", answers(s.admin, s.deleteRole))
	handle(api.ListRoleProfiles, "list-role-profiles", "List who has a role", "roles", answers(s.admin, s.roleProfiles))
	handle(api.ListRoleMembers, "list-role-members", "List everybody that a role applies to", "roles", answers(s.admin, s.roleMembers))
	handle(api.AddToRole, "add-to-role", "Give a role to a profile", "roles", answers(s.admin, s.setRole(giveRole)))
	handle(api.DropFromRole, "drop-from-role", "Take a role from a profile", "roles", answers(s.admin, s.setRole(takeRole)))

	s.filesAPI(mux, handle)
	search := answers(s.visitor, s.search).OperationID("search").Summary("Search conversations and comments").Tags("search").Errors(errorsOfAll()...).Around(tell, withoutNUL)
	api.Search.Handle(mux, tigertonic.Timed(tigertonic.Limited(tigertonic.Within(search, s.patience), mostSearches, nil), "search", s.registry))
	return mux
}

// filesAPI registers the operations on files.
func (s *service) filesAPI(mux *tigertonic.TrieServeMux, handle func(d declared, id, summary, tag string, e *tigertonic.Endpoint)) {
	upload := makes(s.member, s.upload).OperationID("upload-file").Summary("Upload a file").Tags("files").Errors(errorsOfAll()...).Around(tell)
	api.UploadFile.Handle(mux, tigertonic.Timed(tigertonic.Limited(upload, mostUploads, nil), "upload-file", s.registry))
	handle(api.GetFile, "get-file", "Get a file", "files", tigertonic.Typed(s.getFile))
	handle(api.CommentFiles, "list-comment-files", "List the files of a comment", "files", answers(s.visitor, s.attachments(kindComment)))
	handle(api.AttachToComment, "attach-to-comment", "Attach a file to a comment", "files", makes(s.member, s.attach(kindComment)))
	handle(api.DetachFromComment, "detach-from-comment", "Take a file from a comment", "files", answers(s.member, s.detach(kindComment)))
	handle(api.ConversationFiles, "list-conversation-files", "List the files of a conversation", "files", answers(s.visitor, s.attachments(kindConversation)))
	handle(api.AttachToTopic, "attach-to-conversation", "Attach a file to a conversation", "files", makes(s.member, s.attach(kindConversation)))
	handle(api.DetachFromTopic, "detach-from-conversation", "Take a file from a conversation", "files", answers(s.member, s.detach(kindConversation)))
}

// tell returns errors as clients get them.
func tell(ctx context.Context, _ *tigertonic.Call, next func(context.Context) error) error {
	return visitOf(ctx).told(next(ctx))
}

// withoutNUL refuses text that PostgreSQL can't store.
func withoutNUL(ctx context.Context, call *tigertonic.Call, next func(context.Context) error) error {
	if call.Request().Method != http.MethodGet || call.OperationID() == "search" {
		text, err := json.Marshal(call.Input())
		if err != nil || strings.Contains(strings.ReplaceAll(string(text), `\\`, ""), `\u0000`) {
			return visitOf(ctx).refuse(http.StatusBadRequest, codeContent, "the request contains a NUL")
		}
	}
	return next(ctx)
}

// errorsOfAll are the errors that any operation can return, besides those that its input
// and its wrappers describe. The code in data.errorCode says more than the status.
func errorsOfAll() []error {
	var all []error
	for _, status := range []int{400, 401, 403, 404, 409, 413, 415, 429, 500, 501, 503} {
		all = append(all, tigertonic.Problem{Status: status, Detail: http.StatusText(status)})
	}
	return all
}
