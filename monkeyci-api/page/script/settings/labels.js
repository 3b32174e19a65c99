// Filters by labels: which repositories are meant.

/** The filters as lines of a field: `team=shop, tier=1`. */
export function toLines(filters = []) {
  return filters.map((filter) => Object.entries(filter).map(([name, value]) => `${name}=${value}`).join(", ")).join("\n");
}

/** What is written in such a field. What is no label is left for the server to refuse. */
export function fromLines(text) {
  const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
  return lines.map((line) => Object.fromEntries(line.split(",").map((pair) => {
    const [name, ...value] = pair.split("=");
    return [name.trim(), value.join("=").trim()];
  })));
}

/** The filters for people. */
export function shown(filters = []) {
  return filters.length ? filters.map((filter) => toLines([filter])).join(" or ") : "all repositories";
}

/** The field that they are written in. */
export function field(value) {
  return { name: "labelFilters", label: "For repositories with the labels", kind: "area", value: toLines(value), placeholder: "team=shop, tier=1",
    hint: "A line for each choice: a repository is meant when it has all labels of one line. Left empty, all are." };
}
