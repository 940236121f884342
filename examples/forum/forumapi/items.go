package forumapi

import (
	"time"

	"github.com/rcrowley/go-tigertonic"
)

// A Microcosm is a forum, with a page of its conversations.
type Microcosm struct {
	ID          int64               `json:"id"`
	ParentID    int64               `json:"parentId,omitempty"`
	Breadcrumb  []Crumb             `json:"breadcrumb,omitempty"`
	Title       string              `json:"title"`
	Description string              `json:"description"`
	Visibility  string              `json:"visibility" enum:"public,protected,private" doc:"Private: for members of its roles. Protected: not for guests."`
	ItemTypes   []string            `json:"itemTypes"`
	Items       *Page[Conversation] `json:"items,omitempty"`
	Meta        Meta                `json:"meta"`
}

// A Crumb is a microcosm above another.
type Crumb struct {
	ID    int64  `json:"id"`
	Title string `json:"title"`
	Href  string `json:"href"`
}

// MicrocosmInput makes a microcosm.
type MicrocosmInput struct {
	Title       string `json:"title" minLength:"1" maxLength:"150"`
	Description string `json:"description" maxLength:"50000"`
	ParentID    int64  `json:"parentId,omitempty" minimum:"0" maximum:"9007199254740991"`
	Visibility  string `json:"visibility" default:"public" enum:"public,protected,private"`
}

// MicrocosmEdit changes a microcosm.
type MicrocosmEdit struct {
	MicrocosmInput
	Meta EditMeta `json:"meta"`
}

// Microcosms are a page of them.
type Microcosms struct {
	Microcosms Page[Microcosm] `json:"microcosms"`
	Meta       ListMeta        `json:"meta"`
}

// A Tree is all the microcosms that the caller can read.
type Tree struct {
	Microcosms []Branch `json:"microcosms"`
}

// A Branch is a microcosm with those below it.
type Branch struct {
	Crumb
	Children []Branch `json:"children,omitempty"`
}

// A Conversation is a topic with a page of its comments.
type Conversation struct {
	ID           int64          `json:"id"`
	MicrocosmID  int64          `json:"microcosmId"`
	Title        string         `json:"title"`
	CommentCount int64          `json:"commentCount"`
	ViewCount    int64          `json:"viewCount"`
	LastComment  int64          `json:"lastCommentId,omitempty"`
	Comments     *Page[Comment] `json:"comments,omitempty"`
	Meta         Meta           `json:"meta"`
}

// ConversationInput begins a conversation.
type ConversationInput struct {
	MicrocosmID int64  `json:"microcosmId" minimum:"1" maximum:"9007199254740991"`
	Title       string `json:"title" minLength:"1" maxLength:"150"`
}

// ConversationEdit changes a conversation.
type ConversationEdit struct {
	ConversationInput
	Meta EditMeta `json:"meta"`
}

// Conversations are a page of them.
type Conversations struct {
	Conversations Page[Conversation] `json:"conversations"`
	Meta          ListMeta           `json:"meta"`
}

// A Comment is what somebody said.
type Comment struct {
	ID          int64  `json:"id"`
	ItemType    string `json:"itemType" enum:"conversation"`
	ItemID      int64  `json:"itemId"`
	InReplyTo   int64  `json:"inReplyTo,omitempty"`
	Markdown    string `json:"markdown"`
	HTML        string `json:"html" doc:"Sanitized."`
	FirstLine   string `json:"firstLine"`
	Revisions   int64  `json:"revisions"`
	Attachments int64  `json:"attachments"`
	Meta        Meta   `json:"meta"`
}

// CommentInput creates a comment.
type CommentInput struct {
	ItemType  string `json:"itemType" enum:"conversation"`
	ItemID    int64  `json:"itemId" minimum:"1" maximum:"9007199254740991"`
	InReplyTo int64  `json:"inReplyTo,omitempty" minimum:"0" maximum:"9007199254740991"`
	Markdown  string `json:"markdown" minLength:"1" maxLength:"50000"`
}

// CommentEdit changes a comment.
type CommentEdit struct {
	Markdown string   `json:"markdown" minLength:"1" maxLength:"50000"`
	Meta     EditMeta `json:"meta"`
}

// A PatchOp is an operation of JSON Patch (RFC 6902). Only replace is implemented.
type PatchOp struct {
	Op    string `json:"op" maxLength:"20" example:"replace"`
	Path  string `json:"path" maxLength:"100" example:"/meta/flags/sticky"`
	From  string `json:"from,omitempty" maxLength:"100"`
	Value any    `json:"value,omitempty" doc:"True or false." example:"true"`
}

// Patches are applied together or not at all.
type Patches struct {
	ID
	Body []PatchOp `body:""`
}

// A Watcher sends a profile updates about a place.
type Watcher struct {
	ID        int64     `json:"id"`
	ItemType  string    `json:"itemType"`
	ItemID    int64     `json:"itemId"`
	SendEmail bool      `json:"sendEmail"`
	Created   time.Time `json:"created"`
}

// WatcherInput watches something.
type WatcherInput struct {
	ItemType  string `json:"itemType" enum:"microcosm,conversation"`
	ItemID    int64  `json:"itemId" minimum:"1" maximum:"9007199254740991"`
	SendEmail bool   `json:"sendEmail,omitempty"`
}

// Watchers are a page of them.
type Watchers struct {
	Watchers Page[Watcher] `json:"watchers"`
	Meta     ListMeta      `json:"meta"`
}

// An Update is something new for the caller.
type Update struct {
	ID       int64     `json:"id"`
	Kind     string    `json:"updateType" enum:"new_comment,reply_to_comment,mentioned,new_item,new_user"`
	ItemType string    `json:"itemType"`
	ItemID   int64     `json:"itemId"`
	By       Author    `json:"createdBy"`
	Created  time.Time `json:"created"`
	Unread   bool      `json:"unread"`
}

// Updates are a page of them.
type Updates struct {
	Updates Page[Update] `json:"updates"`
	Meta    ListMeta     `json:"meta"`
}

// A Preference turns a kind of update on or off for a profile.
type Preference struct {
	ID   int64  `json:"id" doc:"The number of the kind."`
	Kind string `json:"updateType"`
	Send bool   `json:"send"`
}

// PreferenceInput changes a preference.
type PreferenceInput struct {
	Send bool `json:"send"`
}

// A Role gives permissions to those who have it.
type Role struct {
	ID int64 `json:"id"`
	RoleInput
}

// RoleInput creates or changes a role.
type RoleInput struct {
	MicrocosmID   int64  `json:"microcosmId,omitempty" minimum:"0" maximum:"9007199254740991" doc:"Of which microcosm, or 0 for those that have no roles of their own."`
	Title         string `json:"title" minLength:"1" maxLength:"100"`
	Moderator     bool   `json:"moderator,omitempty"`
	Banned        bool   `json:"banned,omitempty"`
	IncludeGuests bool   `json:"includeGuests,omitempty"`
	IncludeUsers  bool   `json:"includeUsers,omitempty"`
	Create        bool   `json:"create,omitempty"`
	Read          bool   `json:"read,omitempty"`
	Update        bool   `json:"update,omitempty"`
	Delete        bool   `json:"delete,omitempty"`
	CloseOwn      bool   `json:"closeOwn,omitempty"`
	OpenOwn       bool   `json:"openOwn,omitempty"`
	ReadOthers    bool   `json:"readOthers,omitempty"`
}

// Roles are a page of them.
type Roles struct {
	Roles Page[Role] `json:"roles"`
	Meta  ListMeta   `json:"meta"`
}

// A RoleProfile is a profile that has a role.
type RoleProfile struct {
	ID
	Profile int64 `path:"profile" minimum:"1" maximum:"9007199254740991"`
}

// A Query is what to search for.
type Query struct {
	Paging
	Q         string    `query:"q" required:"true" minLength:"1" maxLength:"200"`
	Type      string    `query:"type" enum:"conversation,comment"`
	ForumID   int64     `query:"forumId" minimum:"0" maximum:"9007199254740991"`
	AuthorID  int64     `query:"authorId" minimum:"0" maximum:"9007199254740991"`
	Since     time.Time `query:"since"`
	Until     time.Time `query:"until"`
	Following bool      `query:"following" doc:"Only in what the caller watches."`
	Has       string    `query:"has" enum:"attachment"`
	Sort      string    `query:"sort" default:"newest" enum:"newest,oldest,relevance"`
}

// Results are a page of what was found.
type Results struct {
	Results Page[Result] `json:"results"`
	Meta    ListMeta     `json:"meta"`
}

// A Result is something that was found.
type Result struct {
	ItemType string    `json:"itemType" enum:"conversation,comment"`
	ItemID   int64     `json:"itemId"`
	ParentID int64     `json:"parentId"`
	Text     string    `json:"text" doc:"The title, or the first line."`
	By       Author    `json:"createdBy"`
	Created  time.Time `json:"created"`
	Links    []Link    `json:"links"`
}

// An Upload is a file that is sent as the form's last field.
type Upload struct {
	Echo
	MaxWidth  int             `query:"maxWidth" default:"0" minimum:"0" maximum:"10000" doc:"A wider image is scaled down."`
	MaxHeight int             `query:"maxHeight" default:"0" minimum:"0" maximum:"10000"`
	File      tigertonic.File `form:"file" maxBytes:"30000000" required:"true"`
}

// A File is a file of a site, named by its hash.
type File struct {
	FileHash string `json:"fileHash" doc:"SHA-256, in hexadecimal."`
	FileName string `json:"fileName"`
	FileExt  string `json:"fileExt"`
	FileSize int64  `json:"fileSize"`
	MimeType string `json:"mimeType"`
	Width    int64  `json:"width,omitempty"`
	Height   int64  `json:"height,omitempty"`
}

// FileName is the name of a file to get.
type FileName struct {
	Name string `path:"name" pattern:"^[0-9a-f]{64}(\\.[a-z]{1,4})?$" doc:"The hash, with or without an extension."`
}

// AttachmentInput attaches a file.
type AttachmentInput struct {
	FileHash string `json:"fileHash" pattern:"^[0-9a-f]{64}$"`
}

// Attachments are a page of files.
type Attachments struct {
	Attachments Page[File] `json:"attachments"`
	Meta        ListMeta   `json:"meta"`
}

// AttachmentOf is a file of an item.
type AttachmentOf struct {
	ID
	Hash string `path:"hash" pattern:"^[0-9a-f]{64}$"`
}
