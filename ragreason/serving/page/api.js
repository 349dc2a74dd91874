// The server, spoken to: requests with the key, errors that say what to do, events that go on
// where a lost connection left them.

const KEY = "ragreason.key";
let askForKey = async () => null;

/** What an answer that is no success was. `status` 0: the server was not reached. */
export class ApiError extends Error {
  constructor(message, status, retryAfter = 0) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** `ask(wrong)` gives a key, or null where none is given; it is kept until the tab closes. */
export function keysComeFrom(ask) {
  askForKey = ask;
}

export const hasKey = () => Boolean(sessionStorage.getItem(KEY));

export function forgetKey() {
  sessionStorage.removeItem(KEY);
}

async function asked(path, options) {
  for (;;) {
    const key = sessionStorage.getItem(KEY);
    const headers = { ...options.headers };
    if (key) headers.Authorization = `Bearer ${key}`;
    let reply;
    try {
      reply = await fetch(path, { ...options, headers });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ApiError("The server can't be reached. Is it still running?", 0);
    }
    if (reply.ok) return reply;
    if (reply.status === 401) {
      const given = await askForKey(Boolean(key));
      if (given) {
        sessionStorage.setItem(KEY, given);
        continue;
      }
    }
    throw await errorOf(reply);
  }
}

async function errorOf(reply) {
  let message = `The server answered ${reply.status}.`;
  try {
    message = (await reply.json()).error.message || message;
  } catch {
    // No JSON: what a proxy says instead is not shown.
  }
  return new ApiError(message, reply.status, Number(reply.headers.get("Retry-After")) || 0);
}

/** A request's JSON. Throws ApiError. */
export async function api(path, { method = "GET", body, signal } = {}) {
  const options = { method, signal, headers: {} };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  return (await asked(path, options)).json();
}

const PATIENCE = 5;

/**
 * Follows a run to its end or pause: `onEvent(kind, data)` for each event, once and in order. Gives
 * the run's record. A lost connection is taken up again; `onLost(true)` tells when, `onLost(false)`
 * when it is back.
 */
export async function follow(run, { onEvent, onLost = () => {}, signal, seen = { last: -1 } }) {
  let failures = 0;
  for (;;) {
    try {
      const headers = seen.last >= 0 ? { "Last-Event-ID": String(seen.last) } : {};
      const reply = await asked(`/v1/runs/${encodeURIComponent(run)}/events`, { headers, signal });
      for await (const event of eventsOf(reply.body)) {
        if (failures) onLost(false);
        failures = 0;
        if (event.kind === "end") return event.data;
        if (event.id > seen.last) {
          seen.last = event.id;
          onEvent(event.kind, event.data);
        }
      }
      throw new ApiError("The connection was lost.", 0);
    } catch (error) {
      if (error.name === "AbortError" || error.status > 0) throw error;
      failures += 1;
      if (failures > PATIENCE) throw new ApiError("The server can't be reached.", 0);
      onLost(true);
      await rest(300 * 2 ** failures, signal);
    }
  }
}

async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    let piece;
    try {
      piece = await reader.read();
    } catch (error) {
      if (error.name === "AbortError") throw error;
      return;
    }
    if (piece.done) return;
    text = (text + piece.value).replace(/\r\n/g, "\n");
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const event = eventOf(text.slice(0, end));
      text = text.slice(end + 2);
      if (event) yield event;
    }
  }
}

function eventOf(block) {
  const event = { kind: "message", id: -1, data: "" };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(": ");
    if (colon <= 0) continue;
    const [name, value] = [line.slice(0, colon), line.slice(colon + 2)];
    if (name === "id") event.id = Number(value);
    else if (name === "event") event.kind = value;
    else if (name === "data") event.data += value;
  }
  return event.data ? { ...event, data: JSON.parse(event.data) } : null;
}

function rest(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("left", "AbortError"));
    });
  });
}
