// SPDX-License-Identifier: Apache-2.0
// Answers are Markdown written by a model that may have read hostile text: they become elements only through the
// sanitizer, and nothing in them can load anything from elsewhere.
import DOMPurify from "dompurify";
import { Marked } from "marked";
import { h, icon } from "./dom";
import { t } from "./i18n";
import { copyButton } from "./clipboard";

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    // Raw HTML in an answer is text about HTML.
    html: ({ text }) => escape(text),
    // A picture's address would tell its server that the answer was read.
    image: ({ href, text }) => `<em>${escape(text || href)}</em>`,
  },
});

const ALLOWED = {
  ALLOWED_TAGS: [
    "p", "br", "hr", "strong", "em", "del", "code", "pre", "blockquote", "ul", "ol", "li", "a",
    "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td",
  ],
  ALLOWED_ATTR: ["href", "start", "class", "align"],
  ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
  RETURN_DOM_FRAGMENT: true as const,
};

function escape(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}

export function render(markdown: string): DocumentFragment {
  const fragment = DOMPurify.sanitize(marked.parse(markdown, { async: false }), ALLOWED);
  for (const link of fragment.querySelectorAll("a")) {
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    link.title = link.href;
  }
  for (const pre of fragment.querySelectorAll("pre")) frameCode(pre);
  for (const table of fragment.querySelectorAll("table")) {
    const frame = h("div", { class: "table-frame", tabindex: 0, role: "region", "aria-label": t("table") });
    table.replaceWith(frame);
    frame.append(table);
  }
  return fragment;
}

function frameCode(pre: HTMLPreElement): void {
  const code = pre.querySelector("code");
  const language = /language-([\w+#.-]+)/.exec(code?.className ?? "")?.[1] ?? "";
  const text = pre.textContent ?? "";
  // Focusable, so that the keyboard can scroll it sideways.
  pre.tabIndex = 0;
  pre.setAttribute("role", "region");
  pre.setAttribute("aria-label", language ? `${t("code")} (${language})` : t("code"));
  const frame = h("div", { class: "code-frame" });
  pre.replaceWith(frame);
  frame.append(
    h("div", { class: "code-head" }, h("span", {}, language || t("code")), copyButton(() => text, t("copyCode"), icon("copy"))),
    pre,
  );
}
