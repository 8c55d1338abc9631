--- neardup_clusters: what stages that keep one row of a group of copies say of the groups.

local clusters = {}

--- The parameter.
clusters.max = { type = "integer", default = 500, min = 0, max = 1000000000,
                 doc = "clusters of more rows are reported; 0: none" }

local function place(view, row)
  local r = view:row(row)
  return ("%s:%d"):format(r.source, r.line)
end

--- Clusters past a size, and rows that are no match of the row they name.
-- @param notes  a list, added to
-- @param name   the stage's
-- @param f      its figures
-- @param p      its parameters
-- @param what   "a Jaccard"
function clusters.notes(notes, name, view, f, p, what)
  if f.large_clusters > 0 then
    notes[#notes + 1] = ("%s: %d %s of more than %d rows; the largest, of %d, keeps %s (%s.max_cluster)"):format(name,
      f.large_clusters, f.large_clusters == 1 and "cluster" or "clusters", p.max_cluster, f.largest_cluster,
      place(view, f.largest_cluster_row), name)
  end
  if f.loosest and f.loosest < p.threshold then
    notes[#notes + 1] = ("%s: components reach further than the threshold: %s was removed for %s, at %s of %.3f "
      .. "(%s.cluster = leader removes matches of kept rows alone)"):format(name, place(view, f.loosest_row),
      place(view, f.loosest_twin), what, f.loosest, name)
  end
end

return clusters
