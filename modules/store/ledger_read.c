/* modules/store/ledger_read.c - see ledger_read.h */
#include "store/ledger_read.h"

#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>

typedef struct Reading {
  sqlite3 *db;
  const char *path, *stage;
  VerdictList *list;
  Error *err;
} Reading;

static int failed(Reading *r) {
  return error_set(r->err, "cannot read %s: %s", r->path, r->db != NULL ? sqlite3_errmsg(r->db) : "not enough memory");
}

static int damaged(Reading *r, const char *table) {
  return error_set(r->err, "cannot read %s: a row of its table %s is out of range", r->path, table);
}

static sqlite3_stmt *prepare(Reading *r, const char *sql) {
  sqlite3_stmt *s = NULL;
  if (sqlite3_prepare_v2(r->db, sql, -1, &s, NULL) != SQLITE_OK ||
      sqlite3_bind_text(s, 1, r->stage, -1, SQLITE_STATIC) != SQLITE_OK) {
    failed(r);
    sqlite3_finalize(s);
    return NULL;
  }
  return s;
}

/* How many things the statement counts; -1 with err worded. */
static sqlite3_int64 count(Reading *r, const char *sql) {
  sqlite3_stmt *s = prepare(r, sql);
  if (s == NULL) return -1;
  sqlite3_int64 n = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : -1;
  if (n < 0) failed(r);
  sqlite3_finalize(s);
  return n;
}

/* A row number, from 0; PLACE_NONE where it is none. */
static uint32_t row_at(sqlite3_stmt *s, int column) {
  sqlite3_int64 row = sqlite3_column_int64(s, column);
  return row >= 1 && row < PLACE_NONE ? (uint32_t)(row - 1) : PLACE_NONE;
}

static int take_pair(Reading *r, sqlite3_stmt *s) {
  VerifiedPair p = { row_at(s, 0), row_at(s, 1), sqlite3_column_double(s, 2) };
  if (p.a >= p.b || p.b == PLACE_NONE || !(p.value >= 0 && p.value <= 1)) return damaged(r, "pairs");
  r->list->pairs[r->list->npairs++] = p;
  return 0;
}

static int take_cluster(Reading *r, sqlite3_stmt *s) {
  RowCluster c = { row_at(s, 0), (uint32_t)sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 2) != 0,
                   sqlite3_column_type(s, 3) == SQLITE_NULL ? NAN : sqlite3_column_double(s, 3) };
  if (c.row == PLACE_NONE) return damaged(r, "clusters");
  r->list->clusters[r->list->nclusters++] = c;
  return 0;
}

static int take_member(Reading *r, sqlite3_stmt *s) {
  ClusterMember m = { row_at(s, 0), row_at(s, 1) };
  if (m.row == PLACE_NONE || m.cluster == PLACE_NONE) return damaged(r, "members");
  r->list->members[r->list->nmembers++] = m;
  return 0;
}

/* All rows of a statement, no more than `most`. */
static int take_all(Reading *r, const char *sql, sqlite3_int64 most, int (*take)(Reading *r, sqlite3_stmt *s)) {
  sqlite3_stmt *s = prepare(r, sql);
  int bad = s == NULL ? -1 : 0, step = SQLITE_DONE;
  for (sqlite3_int64 n = 0; bad == 0 && (step = sqlite3_step(s)) == SQLITE_ROW; n++)
    bad = n < most ? take(r, s) : error_set(r->err, "%s changed while it was read", r->path);
  if (bad == 0 && step != SQLITE_DONE) bad = failed(r);
  sqlite3_finalize(s);
  return bad;
}

static int read_all(Reading *r) {
  sqlite3_int64 pairs = count(r, "SELECT count(*) FROM pairs WHERE stage = ?");
  sqlite3_int64 clusters = pairs < 0 ? -1 : count(r, "SELECT count(*) FROM clusters WHERE stage = ?");
  sqlite3_int64 members = clusters < 0 ? -1 : count(r, "SELECT count(*) FROM members WHERE stage = ?");
  if (members < 0) return -1;
  VerdictList *l = r->list;
  l->pairs = malloc(((size_t)pairs + 1) * sizeof *l->pairs);
  l->clusters = malloc(((size_t)clusters + 1) * sizeof *l->clusters);
  l->members = malloc(((size_t)members + 1) * sizeof *l->members);
  if (l->pairs == NULL || l->clusters == NULL || l->members == NULL) return error_memory(r->err);
  int bad = take_all(r, "SELECT a, b, value FROM pairs WHERE stage = ?", pairs, take_pair);
  if (bad == 0)
    bad = take_all(r, "SELECT cluster, rows, complete, loosest FROM clusters WHERE stage = ?", clusters, take_cluster);
  return bad == 0 ? take_all(r, "SELECT row, cluster FROM members WHERE stage = ?", members, take_member) : bad;
}

VerdictList *ledger_pairs(const char *path, const char *stage, Error *err) {
  Reading r = { .path = path, .stage = stage, .list = verdicts_new(), .err = err };
  int bad = r.list == NULL ? error_memory(err) : 0;
  if (bad == 0 && sqlite3_open_v2(path, &r.db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
    bad = failed(&r);
  if (bad == 0) bad = read_all(&r);
  sqlite3_close(r.db);
  if (bad == 0) return r.list;
  verdicts_free(r.list);
  return NULL;
}
