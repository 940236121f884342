// A client by the types that openapi-typescript has made: client.mjs URL TOKEN.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Issue = components["schemas"]["Issue"];
declare const process: { argv: string[] };
const [, , baseUrl, token] = process.argv;
const c = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });

// must returns what is there, or throws.
function must<T>(value: T | undefined, otherwise: unknown): T {
	if (value === undefined) throw new Error(JSON.stringify(otherwise));
	return value;
}

const project = { id: "ts", name: "TypeScript" };
const added = await c.POST("/projects", { body: project });
console.log("create", added.response.headers.get("Location"));
const taken = await c.POST("/projects", { body: project });
console.log("error", must(taken.error, taken.data).status);

const path = { project: "ts" };
const created = await c.POST("/projects/{project}/issues", { params: { path }, body: { title: "It leaks", state: "open", labels: [] } });
const issue: Issue = must(created.data, created.error);
console.log("create", issue.title, issue.state, issue.version);
const list = await c.GET("/projects/{project}/issues", { params: { path, query: { limit: 5 } } });
console.log("list", must(list.data, list.error).length, list.data?.[0].id === issue.id);

const patch = () =>
	c.PATCH("/issues/{id}", {
		params: { path: { id: issue.id }, header: { "If-Match": ['"1"'] } },
		headers: { "Content-Type": "application/merge-patch+json" },
		body: { state: "closed" },
	});
const patched = await patch();
console.log("patch", must(patched.data, patched.error).state, patched.response.headers.get("ETag"));
const stale = await patch();
console.log("error", must(stale.error, stale.data).status);

const uploaded = await c.POST("/issues/{id}/attachments", {
	params: { path: { id: issue.id } },
	body: { file: "water" },
	bodySerializer: (body) => {
		const form = new FormData();
		form.append("file", new Blob([body.file], { type: "text/plain" }), "notes.txt");
		return form;
	},
});
const attachment = must(uploaded.data, uploaded.error);
console.log("upload", attachment.name, attachment.size);
const downloaded = await c.GET("/attachments/{id}", { params: { path: { id: attachment.id } }, parseAs: "text" });
console.log("download", downloaded.data, "<nil>");

const reader = c
	.GET("/projects/{project}/changes", { params: { path }, headers: { Accept: "application/jsonl" }, parseAs: "stream" })
	.then((watched) => must(watched.response.body ?? undefined, watched.error).getReader());
const change = reader.then(async (changes): Promise<Issue> => {
	let line = "";
	while (!line.includes("\n")) line += new TextDecoder().decode((await changes.read()).value);
	await changes.cancel();
	return JSON.parse(line.split("\n")[0]);
});
let streamed: Issue | undefined;
while (!streamed) {
	await c.POST("/projects/{project}/issues", { params: { path }, body: { title: "It drips", state: "open", labels: [] } });
	const soon = new Promise<undefined>((resolve) => setTimeout(resolve, 250)); // it may not watch yet
	streamed = await Promise.race([change, soon]);
}
console.log("stream", streamed.title);
