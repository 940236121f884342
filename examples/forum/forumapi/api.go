// Package forumapi is what the forum and its clients share: the operations of the API, what
// they take and what they return.
package forumapi

import (
	"time"

	"github.com/rcrowley/go-tigertonic"
)

// Base is the path below which the API is, on the host of each site.
const Base = "/api/v1"

// The responses of the API.
type (
	// Answer is an envelope with its headers.
	Answer[T any] struct {
		ETag         string      `header:"ETag" doc:"Covers all of it, including the permissions."`
		CacheControl string      `header:"Cache-Control"`
		Link         string      `header:"Link" doc:"The links of a page (RFC 8288)."`
		Body         Envelope[T] `body:""`
	}
	// Made is the envelope of something that was created.
	Made[T any] struct {
		_        struct{}    `status:"201"`
		Location string      `header:"Location" required:"true"`
		Body     Envelope[T] `body:""`
	}
	// Elsewhere leads to the page of something.
	Elsewhere struct {
		_        struct{} `status:"307"`
		Location string   `header:"Location" required:"true"`
	}
	// Nothing is the response without data.
	Nothing = *struct{}
)

// The operations of the API. Each collection has the same four or five.
//
//nolint:gochecknoglobals // declarations, which never change
var (
	GetSite = tigertonic.Declare[Echo, Answer[Site]]("GET", "/site").Under(Base)
	PutSite = tigertonic.Declare[Change[SiteInput], Answer[Site]]("PUT", "/site").Under(Base)

	SignIn  = tigertonic.Declare[Assertion, Answer[Token]]("POST", "/auth").Under(Base)
	SignOut = tigertonic.Declare[Echo, Answer[Nothing]]("DELETE", "/auth").Under(Base)
	// SendCode mails a code to an address, with which ChoosePassword signs up or signs in.
	SendCode       = tigertonic.Declare[Change[Address], Answer[Nothing]]("POST", "/users").Under(Base)
	ChoosePassword = tigertonic.Declare[Change[NewPassword], Answer[Token]]("PUT", "/users").Under(Base)
	WhoAmI         = tigertonic.Declare[Echo, Answer[Self]]("GET", "/whoami").Under(Base)

	ListProfiles  = tigertonic.Declare[Paging, Answer[Profiles]]("GET", "/profiles").Under(Base)
	GetProfile    = tigertonic.Declare[ID, Answer[Profile]]("GET", "/profiles/{id}").Under(Base)
	PutProfile    = tigertonic.Declare[ChangeOf[ProfileInput], Answer[Profile]]("PUT", "/profiles/{id}").Under(Base)
	PatchProfile  = tigertonic.Declare[Patches, Answer[Nothing]]("PATCH", "/profiles/{id}").Under(Base)
	DeleteProfile = tigertonic.Declare[ID, Answer[Nothing]]("DELETE", "/profiles/{id}").Under(Base)
	MarkRead      = tigertonic.Declare[Change[Place], Answer[Nothing]]("POST", "/profiles/read").Under(Base)

	ListMicrocosms  = tigertonic.Declare[Paging, Answer[Microcosms]]("GET", "/microcosms").Under(Base)
	AddMicrocosm    = tigertonic.Declare[Change[MicrocosmInput], Made[Microcosm]]("POST", "/microcosms").Under(Base)
	GetMicrocosm    = tigertonic.Declare[PageOf, Answer[Microcosm]]("GET", "/microcosms/{id}").Under(Base)
	PutMicrocosm    = tigertonic.Declare[ChangeOf[MicrocosmEdit], Answer[Microcosm]]("PUT", "/microcosms/{id}").Under(Base)
	PatchMicrocosm  = tigertonic.Declare[Patches, Answer[Nothing]]("PATCH", "/microcosms/{id}").Under(Base)
	DeleteMicrocosm = tigertonic.Declare[ID, Answer[Nothing]]("DELETE", "/microcosms/{id}").Under(Base)
	GetTree         = tigertonic.Declare[Echo, Answer[Tree]]("GET", "/microcosms/tree").Under(Base)

	ListConversations  = tigertonic.Declare[Paging, Answer[Conversations]]("GET", "/conversations").Under(Base)
	AddConversation    = tigertonic.Declare[Change[ConversationInput], Made[Conversation]]("POST", "/conversations").Under(Base)
	GetConversation    = tigertonic.Declare[PageOf, Answer[Conversation]]("GET", "/conversations/{id}").Under(Base)
	PutConversation    = tigertonic.Declare[ChangeOf[ConversationEdit], Answer[Conversation]]("PUT", "/conversations/{id}").Under(Base)
	PatchConversation  = tigertonic.Declare[Patches, Answer[Nothing]]("PATCH", "/conversations/{id}").Under(Base)
	DeleteConversation = tigertonic.Declare[ID, Answer[Nothing]]("DELETE", "/conversations/{id}").Under(Base)
	NewComment         = tigertonic.Declare[PageOf, Elsewhere]("GET", "/conversations/{id}/newcomment").Under(Base)
	LastComment        = tigertonic.Declare[PageOf, Elsewhere]("GET", "/conversations/{id}/lastcomment").Under(Base)

	AddComment    = tigertonic.Declare[Change[CommentInput], Made[Comment]]("POST", "/comments").Under(Base)
	GetComment    = tigertonic.Declare[ID, Answer[Comment]]("GET", "/comments/{id}").Under(Base)
	PutComment    = tigertonic.Declare[ChangeOf[CommentEdit], Answer[Comment]]("PUT", "/comments/{id}").Under(Base)
	PatchComment  = tigertonic.Declare[Patches, Answer[Nothing]]("PATCH", "/comments/{id}").Under(Base)
	DeleteComment = tigertonic.Declare[ID, Answer[Nothing]]("DELETE", "/comments/{id}").Under(Base)
	InContext     = tigertonic.Declare[PageOf, Elsewhere]("GET", "/comments/{id}/incontext").Under(Base)

	ListWatchers  = tigertonic.Declare[Paging, Answer[Watchers]]("GET", "/watchers").Under(Base)
	AddWatcher    = tigertonic.Declare[Change[WatcherInput], Made[Watcher]]("POST", "/watchers").Under(Base)
	PatchWatcher  = tigertonic.Declare[Patches, Answer[Nothing]]("PATCH", "/watchers/{id}").Under(Base)
	DeleteWatcher = tigertonic.Declare[ID, Answer[Nothing]]("DELETE", "/watchers/{id}").Under(Base)

	ListUpdates    = tigertonic.Declare[Paging, Answer[Updates]]("GET", "/updates").Under(Base)
	GetPreferences = tigertonic.Declare[Echo, Answer[[]Preference]]("GET", "/updates/preferences").Under(Base)
	PutPreference  = tigertonic.Declare[ChangeOf[PreferenceInput], Answer[Preference]]("PUT", "/updates/preferences/{id}").Under(Base)

	ListRoles        = tigertonic.Declare[Paging, Answer[Roles]]("GET", "/roles").Under(Base)
	AddRole          = tigertonic.Declare[Change[RoleInput], Made[Role]]("POST", "/roles").Under(Base)
	GetRole          = tigertonic.Declare[ID, Answer[Role]]("GET", "/roles/{id}").Under(Base)
	PutRole          = tigertonic.Declare[ChangeOf[RoleInput], Answer[Role]]("PUT", "/roles/{id}").Under(Base)
	DeleteRole       = tigertonic.Declare[ID, Answer[Nothing]]("DELETE", "/roles/{id}").Under(Base)
	ListRoleProfiles = tigertonic.Declare[PageOf, Answer[Profiles]]("GET", "/roles/{id}/profiles").Under(Base)
	ListRoleMembers  = tigertonic.Declare[PageOf, Answer[Profiles]]("GET", "/roles/{id}/members").Under(Base)
	AddToRole        = tigertonic.Declare[RoleProfile, Answer[Nothing]]("PUT", "/roles/{id}/profiles/{profile}").Under(Base)
	DropFromRole     = tigertonic.Declare[RoleProfile, Answer[Nothing]]("DELETE", "/roles/{id}/profiles/{profile}").Under(Base)
	ForumRoles       = tigertonic.Declare[PageOf, Answer[Roles]]("GET", "/microcosms/{id}/roles").Under(Base)

	UploadFile        = tigertonic.Declare[Upload, Made[File]]("POST", "/files").Under(Base)
	GetFile           = tigertonic.Declare[FileName, tigertonic.Response[tigertonic.Stream]]("GET", "/files/{name}").Under(Base)
	CommentFiles      = tigertonic.Declare[PageOf, Answer[Attachments]]("GET", "/comments/{id}/attachments").Under(Base)
	AttachToComment   = tigertonic.Declare[ChangeOf[AttachmentInput], Made[File]]("POST", "/comments/{id}/attachments").Under(Base)
	DetachFromComment = tigertonic.Declare[AttachmentOf, Answer[Nothing]]("DELETE", "/comments/{id}/attachments/{hash}").Under(Base)
	ConversationFiles = tigertonic.Declare[PageOf, Answer[Attachments]]("GET", "/conversations/{id}/attachments").Under(Base)
	AttachToTopic     = tigertonic.Declare[ChangeOf[AttachmentInput], Made[File]]("POST", "/conversations/{id}/attachments").Under(Base)
	DetachFromTopic   = tigertonic.Declare[AttachmentOf, Answer[Nothing]]("DELETE", "/conversations/{id}/attachments/{hash}").Under(Base)

	Search = tigertonic.Declare[Query, Answer[Results]]("GET", "/search").Under(Base)
)

// An Envelope is around every response.
type Envelope[T any] struct {
	Context string    `json:"context" doc:"What the request had in ?context=."`
	Status  int       `json:"status" example:"200"`
	Data    T         `json:"data"`
	Error   *[]string `json:"error" doc:"Null: errors are problems."`
}

// Echo is in every request.
type Echo struct {
	Context string `query:"context" maxLength:"200" pattern:"^[ -~]*$" doc:"Comes back in the response."`
}

// Asked returns what comes back in the response.
func (e Echo) Asked() string { return e.Context }

// ID is the item that a request is about.
type ID struct {
	Echo
	ID int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
}

// Paging asks for a page of a list.
type Paging struct {
	Echo
	Limit  int64 `query:"limit" default:"25" doc:"How many: a multiple of 5, from 5 to 250."`
	Offset int64 `query:"offset" default:"0" doc:"How many to skip: a multiple of the limit."`
}

// Page returns the page that the request asks for.
func (p Paging) Page() Paging { return p }

// PageOf asks for an item with a page of what is in it.
type PageOf struct {
	Paging
	ID int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
}

// A Change is a request with a body.
type Change[T any] struct {
	Echo
	Body T `body:""`
}

// A ChangeOf is a request with a body about an item.
type ChangeOf[T any] struct {
	ID
	Body T `body:""`
}

// A Link leads somewhere else.
type Link struct {
	Rel   string `json:"rel" example:"self"`
	Href  string `json:"href" example:"/api/v1/conversations/7"`
	Title string `json:"title,omitempty"`
}

// A Page is a part of a list.
type Page[T any] struct {
	Total      int64  `json:"total"`
	Limit      int64  `json:"limit"`
	Offset     int64  `json:"offset"`
	MaxOffset  int64  `json:"maxOffset"`
	TotalPages int64  `json:"totalPages"`
	Page       int64  `json:"page"`
	Type       string `json:"type" doc:"Where its items are."`
	Links      []Link `json:"links" doc:"The same as the header Link has."`
	Items      []T    `json:"items"`
}

// PageLinks returns the links to other pages. A nil page has none.
func (p *Page[T]) PageLinks() []Link {
	if p == nil {
		return nil
	}
	return p.Links
}

// Permissions are what the caller may do, computed for each request.
type Permissions struct {
	Create     bool `json:"create"`
	Read       bool `json:"read"`
	Update     bool `json:"update"`
	Delete     bool `json:"delete"`
	CloseOwn   bool `json:"closeOwn"`
	OpenOwn    bool `json:"openOwn"`
	ReadOthers bool `json:"readOthers"`
	Guest      bool `json:"guest"`
	Banned     bool `json:"banned"`
	Owner      bool `json:"owner"`
	Moderator  bool `json:"moderator"`
	SiteOwner  bool `json:"siteOwner"`
}

// Flags are the state of an item.
type Flags struct {
	Sticky    bool `json:"sticky"`
	Open      bool `json:"open"`
	Deleted   bool `json:"deleted"`
	Moderated bool `json:"moderated"`
	Visible   bool `json:"visible" doc:"Neither moderated nor deleted."`
	Unread    bool `json:"unread"`
}

// Meta is data about an item, also for the caller.
type Meta struct {
	Created     time.Time   `json:"created"`
	CreatedBy   *Author     `json:"createdBy,omitempty"`
	Edited      *time.Time  `json:"edited,omitempty"`
	EditReason  string      `json:"editReason,omitempty"`
	Flags       Flags       `json:"flags"`
	Links       []Link      `json:"links"`
	Permissions Permissions `json:"permissions"`
}

// ListMeta is about a list.
type ListMeta struct {
	Permissions Permissions `json:"permissions"`
}

// An Author is the short form of a profile.
type Author struct {
	ID          int64  `json:"id"`
	ProfileName string `json:"profileName" example:"ann"`
	Avatar      string `json:"avatar,omitempty"`
}

// EditMeta is the reason for a change.
type EditMeta struct {
	EditReason string `json:"editReason" minLength:"1" maxLength:"500"`
}

// A Site is a community of its own.
type Site struct {
	ID           int64  `json:"siteId"`
	Title        string `json:"title"`
	Description  string `json:"description"`
	SubdomainKey string `json:"subdomainKey" example:"cyclists"`
	Domain       string `json:"domain,omitempty"`
	OwnedBy      int64  `json:"ownedBy,omitempty" doc:"The owner's profile."`
	Meta         Meta   `json:"meta"`
}

// SiteInput is what the owner of a site can change.
type SiteInput struct {
	Title       string   `json:"title" minLength:"1" maxLength:"150"`
	Description string   `json:"description" maxLength:"2000"`
	Meta        EditMeta `json:"meta"`
}

// An Assertion proves who signs in.
type Assertion struct {
	Echo
	Body AssertionBody `body:""`
}

// AssertionBody is an e-mail address and a password, or an ID token.
type AssertionBody struct {
	Provider  string `json:"provider" enum:"password,oidc" doc:"How to sign in."`
	Assertion string `json:"assertion" minLength:"1" maxLength:"10000" doc:"For password: the e-mail address, a colon and the password. For oidc: the ID token." example:"ann@example.com:correct horse"`
}

// An Address is somebody's e-mail address.
type Address struct {
	Email string `json:"email" format:"email" maxLength:"254"`
}

// A NewPassword is chosen with a code.
type NewPassword struct {
	Code     string `json:"code" minLength:"1" maxLength:"100" doc:"From the mail."`
	Password string `json:"password" minLength:"10" maxLength:"200"`
}

// A Token authenticates requests.
type Token struct {
	AccessToken string    `json:"accessToken" doc:"For Authorization: Bearer, on this site."`
	Expires     time.Time `json:"expires"`
}

// Self is the caller.
type Self struct {
	Profile
	UnreadUpdates int64 `json:"unreadUpdates"`
}

// A Profile is a member of a site.
type Profile struct {
	Author
	ItemCount    int64      `json:"itemCount"`
	CommentCount int64      `json:"commentCount"`
	LastActive   *time.Time `json:"lastActive,omitempty"`
	Member       bool       `json:"member"`
	Meta         Meta       `json:"meta"`
}

// ProfileInput is what members can change about themselves.
type ProfileInput struct {
	ProfileName string   `json:"profileName" minLength:"1" maxLength:"25" pattern:"^[\\p{L}\\p{N}_-]+$"`
	Avatar      string   `json:"avatar" maxLength:"200" pattern:"^(/api/v1/files/[0-9a-f]{64})?$" doc:"A file of the site, or empty."`
	Meta        EditMeta `json:"meta"`
}

// Profiles are a page of them.
type Profiles struct {
	Profiles Page[Profile] `json:"profiles"`
	Meta     ListMeta      `json:"meta"`
}

// PageLinks returns the links of its page.
func (a Profiles) PageLinks() []Link { return a.Profiles.PageLinks() }

// PageLinks returns the links of its page.
func (a Microcosms) PageLinks() []Link { return a.Microcosms.PageLinks() }

// PageLinks returns the links of its page.
func (a Microcosm) PageLinks() []Link { return a.Items.PageLinks() }

// PageLinks returns the links of its page.
func (a Conversations) PageLinks() []Link { return a.Conversations.PageLinks() }

// PageLinks returns the links of its page.
func (a Conversation) PageLinks() []Link { return a.Comments.PageLinks() }

// PageLinks returns the links of its page.
func (a Watchers) PageLinks() []Link { return a.Watchers.PageLinks() }

// PageLinks returns the links of its page.
func (a Updates) PageLinks() []Link { return a.Updates.PageLinks() }

// PageLinks returns the links of its page.
func (a Roles) PageLinks() []Link { return a.Roles.PageLinks() }

// PageLinks returns the links of its page.
func (a Attachments) PageLinks() []Link { return a.Attachments.PageLinks() }

// PageLinks returns the links of its page.
func (a Results) PageLinks() []Link { return a.Results.PageLinks() }

// A Place is an item that something is about.
type Place struct {
	ItemType string `json:"itemType" enum:"microcosm,conversation,comment"`
	ItemID   int64  `json:"itemId" minimum:"1" maximum:"9007199254740991"`
}
