--- all: every known format, in the order of detection. Where rows fit two, the first is taken, so
-- the more particular stand first: preference rows often carry `messages` as well.

return {
  require "formats.preference",
  require "formats.messages",
  require "formats.sharegpt",
  require "formats.alpaca",
  require "formats.pairs",
  require "formats.prompt_completion",
  (require "formats.text"),   -- require gives two values; the list wants one
}
