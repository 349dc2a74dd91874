// Numbers and moments as people read them.

export const count = (n) => Number(n ?? 0).toLocaleString("en");

export function seconds(s) {
  if (s === null || s === undefined) return "–";
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 100) return `${Math.round(s)} s`;
  return `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
}

/** A score with enough figures to compare by. */
export function score(x) {
  if (x === null || x === undefined) return "–";
  const size = Math.abs(x);
  if (size > 0 && size < 0.1) return x.toFixed(4); // reciprocal ranks are this small
  return size >= 100 ? x.toFixed(0) : size >= 10 ? x.toFixed(1) : x.toFixed(2);
}

export function moment(s) {
  const date = new Date(s * 1000);
  const today = date.toDateString() === new Date().toDateString();
  const time = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const day = date.toLocaleDateString([], { day: "numeric", month: "short" });
  return today ? time : `${day}, ${time}`;
}

/** At most `most` characters, with an ellipsis where there were more. */
export function cut(text, most) {
  const plain = String(text ?? "")
    .replace(/\s+/g, " ")
    .trim();
  const letters = [...plain];
  return letters.length > most
    ? `${letters
        .slice(0, most - 1)
        .join("")
        .trimEnd()}…`
    : plain;
}

export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

const STATUS = {
  running: ["dots", "At work"],
  paused: ["pause", "Paused"],
  finished: ["check", "Finished"],
  failed: ["cross", "Failed"],
  cancelled: ["stop", "Cancelled"],
};

/** The icon's name and the word for how a run stands. */
export const status = (name) => STATUS[name] ?? ["node", name];

/** How long a run took, or has taken so far, in seconds. */
export function duration(record) {
  if (record.answer?.elapsed_s) return record.answer.elapsed_s;
  const end = record.ended_s ?? (record.status === "running" ? Date.now() / 1000 : null);
  return end === null ? null : Math.max(0, end - record.created_s);
}

export const tokens = (usage) =>
  usage ? usage.prompt_tokens + usage.completion_tokens + usage.verifier_tokens : null;
