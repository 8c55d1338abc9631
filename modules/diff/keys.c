/* modules/diff/keys.c - see keys.h */
#include "diff/keys.h"

#include <sqlite3.h>
#include <stdlib.h>

/* The rows of a source lie one behind another, by line. */
typedef struct File { const char *name; uint32_t first, n; } File;

typedef struct Keys {
  const View *view;
  File *file;            /* [nsources] */
  uint32_t *ids;         /* [nrows] */
  sqlite3 *db;
  sqlite3_stmt *query;
} Keys;

static const char *last_part(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL ? slash + 1 : path;
}

static void list_files(Keys *k) {
  const Corpus *c = k->view->corpus;
  for (size_t s = 0; s < c->nsources; s++) k->file[s] = (File){ last_part(c->sources[s].path), 0, 0 };
  for (uint32_t i = c->nrows; i-- > 0;) {
    File *f = &k->file[c->rows[i].source];
    f->first = i;
    f->n++;
  }
}

/* The row of a line of a file; PLACE_NONE if there is none. */
static uint32_t row_at(const Keys *k, const File *f, uint32_t line) {
  const RowRec *rows = k->view->corpus->rows;
  uint32_t low = f->first, n = f->n;
  if (line >= 1 && line <= n && rows[low + line - 1].line == line) return low + line - 1;   /* no blank line before */
  while (n > 0) {
    uint32_t half = n / 2;
    if (rows[low + half].line < line) low += half + 1, n -= half + 1;
    else n = half;
  }
  return low < f->first + f->n && rows[low].line == line ? low : PLACE_NONE;
}

static const File *file_of(const Keys *k, const char *name) {
  for (size_t s = 0; name != NULL && s < k->view->corpus->nsources; s++)
    if (strcmp(k->file[s].name, name) == 0) return &k->file[s];
  return NULL;
}

static Value value_at(sqlite3_stmt *q, int column) {
  switch (sqlite3_column_type(q, column)) {
    case SQLITE_INTEGER: return (Value){ .type = VALUE_INT, .integer = sqlite3_column_int64(q, column) };
    case SQLITE_FLOAT: return (Value){ .type = VALUE_DOUBLE, .number = sqlite3_column_double(q, column) };
    case SQLITE_TEXT: {
      const char *text = (const char *)sqlite3_column_text(q, column);
      return (Value){ .type = VALUE_STRING, .text = span_of(text, (size_t)sqlite3_column_bytes(q, column)) };
    }
    default: return (Value){ .type = VALUE_NONE };
  }
}

/* Output files come in runs of rows, so the last one is mostly the next one too. */
static int take_rows(Keys *k) {
  const File *file = NULL;
  sqlite3_int64 output = -1;
  int step;
  while ((step = sqlite3_step(k->query)) == SQLITE_ROW) {
    if (sqlite3_column_int64(k->query, 0) != output) {
      output = sqlite3_column_int64(k->query, 0);
      file = file_of(k, (const char *)sqlite3_column_text(k->query, 1));
    }
    sqlite3_int64 line = sqlite3_column_int64(k->query, 2);
    uint32_t row = file != NULL && line >= 1 && line < PLACE_NONE ? row_at(k, file, (uint32_t)line) : PLACE_NONE;
    if (row == PLACE_NONE) continue;
    k->ids[row] = names_intern_value(k->view->corpus->names, value_at(k->query, 3));
    if (k->ids[row] == NAME_FAIL) return -1;
  }
  return step == SQLITE_DONE ? 0 : -1;
}

static int read_column(Keys *k, const char *ledger, const char *column) {
  if (sqlite3_open_v2(ledger, &k->db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) return -1;
  char *sql = sqlite3_mprintf("SELECT r.output, o.name, r.output_line, r.\"%w\" FROM rows r JOIN outputs o"
                              " ON o.output = r.output WHERE r.status = 0", column);
  int bad = sql == NULL || sqlite3_prepare_v2(k->db, sql, -1, &k->query, NULL) != SQLITE_OK;
  sqlite3_free(sql);
  return bad ? -1 : take_rows(k);
}

View *keys_annotate(const View *v, const char *ledger, const char *column, Span name, Error *err) {
  const Corpus *c = v->corpus;
  Keys k = { .view = v, .file = calloc(c->nsources + 1, sizeof *k.file),
             .ids = calloc(c->nrows + (size_t)1, sizeof *k.ids) };
  View *child = NULL;
  if (k.file == NULL || k.ids == NULL) {
    error_memory(err);
  } else {
    list_files(&k);
    if (read_column(&k, ledger, column) == 0) child = view_annotate(v, name, k.ids, err);
    else error_set(err, "cannot read %s: %s", ledger, k.db != NULL ? sqlite3_errmsg(k.db) : "not enough memory");
  }
  sqlite3_finalize(k.query);
  sqlite3_close(k.db);
  free(k.file);
  free(k.ids);
  return child;
}
