// Says how many comments there are that the page doesn't have.
"use strict";
const status = document.getElementById("live");
let after = Number(status.dataset.after), first = 0, count = 0, wait = 1000;

function connect() {
  const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/api/v1/live?after=" + after);
  socket.onopen = () => { wait = 1000; };
  socket.onmessage = (event) => {
    const comment = JSON.parse(event.data);
    after = comment.id;
    if (comment.itemId !== Number(status.dataset.conversation)) return;
    first = first || comment.id;
    count++;
    const link = document.createElement("a");
    link.href = "/comments/" + first;
    link.textContent = count === 1 ? "1 new comment" : count + " new comments";
    status.replaceChildren(link);
  };
  socket.onclose = (event) => {
    if (event.code === 1008) return;
    setTimeout(connect, wait);
    wait = Math.min(wait * 2, 30000);
  };
}
connect();
