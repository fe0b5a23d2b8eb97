// Shows the event stream as it comes. The reference is relative, as every other on these pages.
"use strict";
const show = (id, text) => { document.getElementById(id).textContent = text; };
const source = new EventSource("events");
source.onopen = () => show("state", "open");
source.onerror = () => show("state", source.readyState === EventSource.CLOSED ? "closed" : "connecting again");
source.onmessage = (event) => {
  const data = JSON.parse(event.data);
  show("count", event.lastEventId);
  show("time", new Date(data.time).toLocaleTimeString());
  show("listeners", data.listeners);
};
window.addEventListener("pagehide", () => source.close());
