// SPDX-License-Identifier: Apache-2.0
// Building elements without markup in strings.

type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | number | boolean | ((event: never) => void) | undefined>;

/** h("button", { class: "quiet", onclick: stop }, "Stop"); true and false stand for attributes that are there or not. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value as EventListener);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, ...children);
  return element;
}

export function append(parent: Node, ...children: Child[]): void {
  for (const child of children) {
    if (child) parent.appendChild(typeof child === "string" ? document.createTextNode(child) : child);
  }
}

export function replaceChildren(parent: Element, ...children: Child[]): void {
  parent.replaceChildren();
  append(parent, ...children);
}

const SVG = "http://www.w3.org/2000/svg";

/** A 24-unit line drawing; it says nothing to screen readers, the button around it does. */
export function icon(name: keyof typeof PATHS): SVGSVGElement {
  return drawing("icon", "0 0 24 24", PATHS[name]);
}

const PATHS = {
  send: ["M12 19V5", "M6 11l6-6 6 6"],
  stop: ["M7 7h10v10H7z"],
  copy: ["M9 9h10v11H9z", "M15 9V4H5v11h4"],
  check: ["M5 13l4.5 4.5L19 7"],
  again: ["M20 11a8 8 0 1 0-2.3 6.3", "M20 5v6h-6"],
  plus: ["M12 5v14", "M5 12h14"],
  settings: ["M4 8h9", "M19 8h1", "M16 5v6", "M4 16h1", "M11 16h9", "M8 13v6"],
  menu: ["M4 7h16", "M4 12h16", "M4 17h16"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  trash: ["M5 7h14", "M10 7V4h4v3", "M7 7l1 13h8l1-13"],
  down: ["M12 5v14", "M6 13l6 6 6-6"],
  alert: ["M12 8v5", "M12 16.5v.01", "M12 3.5l9.5 17h-19z"],
  curve: ["M4 4v16h16", "M7 8c2 7 5 8 13 8.5"],
  back: ["M19 12H5", "M11 6l-6 6 6 6"],
  key: ["M14.5 9.5m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0", "M11.3 12.7L4 20", "M7 17l2.5 2.5"],
} as const;

/** The mark: a wave that is a W, and a spark above it. */
export function mark(): SVGSVGElement {
  const svg = drawing("mark", "0 0 32 32", [
    "M5 10.5c1.8 8 3.7 11.5 5.6 11.5 3.2 0 3.2-9.5 5.4-9.5s2.2 9.5 5.4 9.5c1.9 0 3.8-3.5 5.6-11.5",
  ]);
  const spark = document.createElementNS(SVG, "circle");
  for (const [key, value] of Object.entries({ cx: "16", cy: "7.5", r: "2", class: "spark" })) spark.setAttribute(key, value);
  svg.append(spark);
  return svg;
}

/** The lake: three waves, one behind the other. */
export function waves(): SVGSVGElement {
  const svg = drawing("waves", "0 0 280 104", [
    "M0 44c40-22 70-22 110-4s80 22 170-12v76H0z",
    "M0 66c50 14 90-10 140-12s90 26 140 10v40H0z",
    "M0 84c30-10 80-14 130-2s100 8 150-8v30H0z",
  ]);
  svg.setAttribute("preserveAspectRatio", "none");
  return svg;
}

function drawing(name: string, viewBox: string, paths: readonly string[]): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox, class: name, "aria-hidden": "true" })) svg.setAttribute(key, value);
  for (const d of paths) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}
