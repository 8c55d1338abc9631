--- judging: the page `tamis help judging`: how rows get marks from a model or a file, what that takes and what of it
-- may be believed. What other tables say (providers, states, fields of the configuration, prices) is read from them.

local config = require "judge.server.config"
local prices = require "judge.money.prices"
local provider = require "judge.server.provider"
local rubric = require "judge.rubric"
local states = require "judge.states"

local function providers()
  local out = {}
  for i, name in ipairs(provider.names()) do
    local p = provider.get(name)
    local where = p.url and ("%s or %s"):format(p.url, p.base) or "its address in " .. p.base
    out[i] = { name, ("%s (%s; key in %s%s%s%s)"):format(p.doc, where, p.key, p.keyless and ", if it wants one" or "",
      p.batch and "; takes batches" or "", p.embed and "; serves embeddings, for embed" or "") }
  end
  out[#out + 1] = { "file", "nobody is asked: marks from a JSONL file (below)" }
  return out
end

local function fields()
  local out = {}
  for i, f in ipairs(config.FIELDS) do out[i] = { f[1], f[3] } end
  return out
end

local function state_rows()
  local out = {}
  for i, name in ipairs(states.names) do
    local policy = states.policy[name]
    out[i] = { name, states.docs[name] .. (policy and "; default " .. policy or "") }
  end
  return out
end

local function dimensions()
  local out = {}
  for i, d in ipairs(rubric.check(nil)) do out[i] = { d.name, d.doc } end
  return out
end

local function newest_price()
  local newest = ""
  for _, p in ipairs(prices.table) do newest = p.as_of > newest and p.as_of or newest end
  return newest
end

return {
  title = "judging: marks for rows from a model, a file or people, and a provider's embeddings. The stages' "
    .. "parameters: tamis help judge, tamis help embed",
  parts = {
    { "Keys and addresses: from you alone, never from a recipe", {
      { "ANTHROPIC_API_KEY", "the key, named as the provider's own SDK names it; OPENAI_API_KEY and so on below" },
      { "ANTHROPIC_BASE_URL", "another address in the place of the provider's own; OPENAI_BASE_URL" },
      { "~/.config/tamis/judge.json", "the same for good ($XDG_CONFIG_HOME/tamis where that is set); the environment "
        .. "counts before it" },
      { "--allow-host URL", "a server that only the recipe names (base_url), which then gets no key; or plain http to "
        .. "another machine" },
    } },
    { "In judge.json, under providers and a provider's name", fields() },
    { "And under prices, and a model's name", {
      { "input, output", "dollars a million tokens; also cache_read, cache_write, batch (a factor), as_of. They "
        .. "count before those built in, of " .. newest_price() .. " at the latest; a recipe's `price` before both" },
    } },
    { "Providers", providers() },
    { "The default rubric: 1 to 5 each", dimensions() },
    { "What a rubric may hold", {
      { "dimensions", "{ name = \"accuracy\", weight = 2, doc = \"…\", min = 1, max = 5 }, or names alone" },
      { "task, examples", "what is judged, and rows with their marks" },
      { "topics", "{ \"billing\", \"password\", … }: the judge also says what each input is about, or other; \"free\": "
        .. "in words of its own. It becomes the annotation topic, for balance and the report" },
    } },
    { "What is sent", {
      { "for all rows", "the rubric: task, dimensions, examples, form of the reply" },
      { "for each", "its texts as the stages before have left them, between fences drawn anew for each request; the "
        .. "task again behind them; an id that the reply must give back" },
      { "nothing else", "no file's name, no id of yours, no metadata. Put s.pii { action = \"redact\" } before: a row "
        .. "that leaves unmasked is a warning" },
    } },
    { "How a row may end, and what becomes of it (on = { failed = \"keep\" })", state_rows() },
    { "Money", {
      { "tamis check", "rows, tokens and price as an interval, with a batch's beside it; nothing is asked" },
      { "max_cost", "a hard cap on what a run spends anew: the worst case of every request is set aside before it is "
        .. "sent. Without it, and without --yes, a run asks on a terminal and stops elsewhere" },
      { "on_cap", "rows go in an order drawn from the seed, so what was judged at the cap is a fair sample" },
      { "the cache", ".tamis/judge.db beside the recipe, or --cache PATH: an answer is paid once, for as long as "
        .. "rubric, model, parameters and the row's text are the same. Refusals are kept too (--retry-refused)" },
      { "max_rows, sample", "fewer rows, drawn by the seed" },
      { "embed", "vectors of a provider's model are allowed, paid, capped and cached in the same way: tamis help "
        .. "embed. Its max_cost is a cap on production queries too, which other stages have it embed" },
      { 'mode = "batch"', "half the price, answers within a day: the run sends the rows and ends, tamis judge collect "
        .. "brings the answers, and the same run again uses them" },
    } },
    { 'Scores from a file (provider = "file", scores = "scores.jsonl"): a row a line', {
      { "by identity", '{"identity":"0a96…","scores":{"correctness":4,…}}: what tamis label writes. Skipped labels and '
        .. "those without all marks are no scores" },
      { "by id", '{"id":"T-17","correctness":4,…,"reasoning":"why"}: the recipe\'s id' },
      { "by file and line", '{"source":"raw.jsonl","line":12,"correctness":4,…}' },
      { "also", "overall, exclude, reasoning, annotator. Of several lines on one row the last counts" },
    } },
    { "Is it to be believed?", {
      { "canaries", "at most five planted answers that are bad and ask for the highest marks; one that gets them is "
        .. "a warning" },
      { "trust", "untrusted until 100 rows or more have people's labels: tamis label RUN --of all, then tamis judge "
        .. "calibrate --labels FILE RUN" },
      { "drift", "pinned rows are judged again when model or rubric changes; the report tells what moved" },
    } },
  },
  rules = "The total is the weighted mean of the marks, computed here; min_overall is held against it, and the model's "
    .. "own overall is kept beside it, so another threshold costs nothing. A reply that cannot be read is never a "
    .. "score.",
  example = {
    's.pii   { action = "redact" },',
    's.judge { model = "claude-haiku-4-5-20251001", max_cost = 5 },',
    "-- and in judge.json, all of it optional:",
    '{ "providers": { "vllm": { "base_url": "http://10.0.0.5:8000/v1",',
    '                           "requests_per_minute": 600 } },',
    '  "prices": { "my-model": { "input": 1, "output": 5,',
    '                            "as_of": "2026-11-01" } } }',
  },
}
