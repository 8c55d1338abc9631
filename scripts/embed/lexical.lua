--- lexical: vectors of the words of the rows themselves, with no file and no network (modules/embed/lexical.h).
-- They tell what words two rows share, weighted by how rare these are among all rows. Of a paraphrase that shares no
-- word they see nothing, and the notes say so.

local lexical = require "lexical"
local screen = require "report.screen"
local vectors = require "vectors"

-- What the decomposition knows of the words: those of at least LEAST rows of the sample, the commonest TERMS.
local TERMS, LEAST, ROUNDS = 65536, 2, 2
-- How much a pair counts beside a word. On the labelled pairs (tests/eval/meaning.lua) 0.5 is within 0.006 of the AUC
-- of words alone, where 1 loses 0.02, and yet rows of the same words in another order differ.
local BIGRAM = 0.5
local HEAD = 64   -- directions whose share is told: as many as the search for pairs looks at first

local NOTE = "%s: these vectors are of words alone (lexical): they do not see that a paraphrase means the same"

local function figures_of(p, info)
  local figures = { method = p.method, features = table.concat(p.features, "+"), texts = info.texts }
  if p.method ~= "svd" then return figures end
  figures.sampled, figures.terms = info.sampled, info.terms
  local head, all = 0, 0
  for j, share in ipairs(info.energy) do
    if j <= HEAD then head = head + share end
    all = all + share
  end
  figures.energy, figures.energy_head = all, head
  return figures
end

return {
  check = function(p)
    if #p.features == 0 then return 'features is an empty list: expected "word", "bigram", "char" or several' end
    if p.dim % 8 ~= 0 then return ("dim is %d: expected a multiple of 8"):format(p.dim) end
  end,

  ready = function(p)
    if p.method == "svd" and not lexical.has_svd() then
      return nil, 'method = "svd" needs LAPACK, which was not there when this program was built; '
        .. 'method = "projection" needs nothing'
    end
    return true
  end,

  make = function(view, p, ctx)
    local embedder, info = lexical.fit(view, { method = p.method, features = p.features, fields = p.fields,
      bigram = BIGRAM, dim = p.dim,
      sample = p.sample, terms = TERMS, least = LEAST, iterations = ROUNDS, seed = ctx.seed }, ctx.pool)
    if not embedder then return nil, info end
    local made, err = vectors.embed(view, embedder, { fields = p.fields, kind = p.storage }, ctx.pool)
    if not made then return nil, err end
    local notes = { NOTE:format(ctx.name) }
    if p.method == "svd" and info.sampled < p.dim then
      notes[2] = ("%s: %s give fewer than %d directions; the vectors' other numbers are 0"):format(ctx.name,
        screen.count(info.sampled, "row"), p.dim)
    end
    return made, { figures = figures_of(p, info), notes = notes }
  end,
}
