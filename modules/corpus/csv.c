/* modules/corpus/csv.c - a table with a header row becomes one JSON object of strings a record.
** RFC 4180: cells in quotes may hold the delimiter, line breaks and doubled quotes. */
#include <stdio.h>
#include <stdlib.h>

#include "core/buf.h"
#include "corpus/source.h"

typedef struct Table {
  const char *begin, *p, *end;
  char delimiter;
  const char *path;
  uint32_t line;         /* of p, from 1 */
  size_t ncells;         /* cells of the record just read */
  struct { size_t from, to; } *cell;   /* [cells] places in text; owned */
  size_t cap;
  Buf text;              /* the cells' text, decoded, one behind another */
  Buf *key;              /* [nkeys] owned: `{"name":"` of each column, `,"name":"` behind the first */
  size_t nkeys;
  Buf row;
  Error *err;
} Table;

enum { RECORD_OK, RECORD_END, RECORD_ODD, RECORD_OPEN };   /* ODD: text behind a closing quote */

static int add_cell(Table *t, size_t from) {
  if (t->ncells == t->cap) {
    size_t cap = t->cap > 0 ? t->cap * 2 : 16;
    void *cell = realloc(t->cell, cap * sizeof *t->cell);
    if (cell == NULL) return error_memory(t->err);
    t->cell = cell;
    t->cap = cap;
  }
  t->cell[t->ncells].from = from;
  t->cell[t->ncells++].to = t->text.len;
  return 0;
}

static int is_break(char c) { return c == '\n' || c == '\r'; }

/* t->p is behind the opening quote. 0, RECORD_OPEN, or -1. */
static int quoted_cell(Table *t) {
  for (;;) {
    const char *quote = memchr(t->p, '"', (size_t)(t->end - t->p));
    const char *stop = quote == NULL ? t->end : quote;
    for (const char *q = t->p; (q = memchr(q, '\n', (size_t)(stop - q))) != NULL; q++) t->line++;
    if (buf_add(&t->text, t->p, (size_t)(stop - t->p)) != 0) return error_memory(t->err);
    t->p = stop;
    if (quote == NULL) return RECORD_OPEN;
    t->p++;
    if (t->p == t->end || *t->p != '"') return 0;
    if (buf_char(&t->text, '"') != 0) return error_memory(t->err);
    t->p++;
  }
}

static int plain_cell(Table *t) {
  const char *from = t->p;
  while (t->p < t->end && *t->p != t->delimiter && !is_break(*t->p)) t->p++;
  return buf_add(&t->text, from, (size_t)(t->p - from)) != 0 ? error_memory(t->err) : 0;
}

static void end_line(Table *t) {
  if (t->p < t->end && *t->p == '\r') t->p++;
  if (t->p < t->end && *t->p == '\n') t->p++;
  t->line++;
}

/* Reads one record, up to and with its line break. *raw is its text without. A RECORD_… or -1. */
static int read_record(Table *t, Span *raw) {
  const char *begin = t->p;
  int odd = 0;
  t->ncells = 0;
  t->text.len = 0;
  if (t->p >= t->end) return RECORD_END;
  for (;;) {
    size_t from = t->text.len;
    int quoted = t->p < t->end && *t->p == '"';
    if (quoted) {
      t->p++;
      int r = quoted_cell(t);
      if (r != 0) return r;
    }
    const char *behind = t->p;
    if (plain_cell(t) != 0 || add_cell(t, from) != 0) return -1;
    if (quoted && t->p > behind) odd = 1;
    if (t->p == t->end || is_break(*t->p)) break;
    t->p++;   /* the delimiter */
  }
  *raw = span_of(begin, (size_t)(t->p - begin));
  end_line(t);
  return odd ? RECORD_ODD : RECORD_OK;
}

/* Escapes what JSON must have escaped; all other bytes stand as they are, UTF-8 or not. */
static int put_json(Buf *b, const char *p, size_t len) {
  const char *end = p + len;
  for (const char *from = p;; p++) {
    unsigned char c = p < end ? (unsigned char)*p : 0;
    if (p < end && c >= 0x20 && c != '"' && c != '\\') continue;
    if (buf_add(b, from, (size_t)(p - from)) != 0) return -1;
    if (p == end) return 0;
    int r = c == '\n' ? buf_str(b, "\\n") : c == '\r' ? buf_str(b, "\\r") : c == '\t' ? buf_str(b, "\\t")
          : c < 0x20 ? buf_printf(b, "\\u%04x", c) : buf_printf(b, "\\%c", c);
    if (r != 0) return -1;
    from = p + 1;
  }
}

static Span cell_text(const Table *t, size_t i) {
  if (t->text.ptr == NULL) return span_str("");
  return span_of(t->text.ptr + t->cell[i].from, t->cell[i].to - t->cell[i].from);
}

static int read_header(Table *t) {
  Span raw;
  int r = read_record(t, &raw);
  if (r < 0) return r;
  if (r == RECORD_END) return 0;
  if (r != RECORD_OK) return error_set(t->err, "%s: line 1: the header row is not whole", t->path);
  t->key = calloc(t->ncells, sizeof *t->key);
  if (t->key == NULL) return error_memory(t->err);
  for (; t->nkeys < t->ncells; t->nkeys++) {
    Span name = cell_text(t, t->nkeys);
    for (size_t k = 0; k < t->nkeys; k++)
      if (span_eq(cell_text(t, k), name))
        return error_set(t->err, "%s: line 1: two columns are named \"%.*s\"", t->path,
                         (int)(name.len > 80 ? 80 : name.len), name.ptr);
    Buf *b = &t->key[t->nkeys];
    if (buf_str(b, t->nkeys == 0 ? "{\"" : ",\"") != 0 || put_json(b, name.ptr, name.len) != 0 ||
        buf_str(b, "\":\"") != 0) return t->nkeys++, error_memory(t->err);
  }
  return 0;
}

static int make_row(Table *t) {
  t->row.len = 0;
  for (size_t i = 0; i < t->nkeys; i++) {
    Span text = cell_text(t, i);
    if (buf_add(&t->row, t->key[i].ptr, t->key[i].len) != 0 || put_json(&t->row, text.ptr, text.len) != 0 ||
        buf_char(&t->row, '"') != 0) return error_memory(t->err);
  }
  return buf_char(&t->row, '}') != 0 ? error_memory(t->err) : 0;
}

static int add_record(Table *t, Spool *out, Records *rs, Span text, uint32_t line, int ragged) {
  if (rs->n == rs->cap) {
    size_t cap = rs->cap > 0 ? rs->cap + rs->cap / 2 : 256;
    Record *record = realloc(rs->record, cap * sizeof *record);
    if (record == NULL) return error_memory(t->err);
    rs->record = record;
    rs->cap = cap;
  }
  if (text.len > UINT32_MAX - 1) return error_set(t->err, "%s: line %u: a record of more than 4 GiB", t->path, line);
  rs->record[rs->n++] = (Record){ out->len, (uint32_t)text.len, line & 0x7FFFFFFFu, ragged != 0 };
  if (spool_write(out, text.ptr, text.len, t->err) != 0) return -1;
  return spool_write(out, "\n", 1, t->err);
}

static int is_blank(Span raw) {
  for (size_t i = 0; i < raw.len; i++)
    if (raw.ptr[i] != ' ' && raw.ptr[i] != '\t') return 0;
  return 1;
}

static int read_table(Table *t, Spool *out, Records *rs, Broken *why) {
  int r = read_header(t);
  while (r == 0) {
    Span raw;
    uint32_t line = t->line;
    const char *begin = t->p;
    int kind = read_record(t, &raw);
    if (interrupt_pending()) return POOL_INTERRUPTED;
    if (kind < 0) return -1;
    if (kind == RECORD_END) return 0;
    if (kind == RECORD_OPEN) {
      *why = (Broken){ (uint64_t)(begin - t->begin), "a record begins here whose quote is never closed" };
      return 0;
    }
    if (is_blank(raw)) {
      rs->blank++;
      continue;
    }
    int ragged = kind == RECORD_ODD || t->ncells != t->nkeys;
    if (!ragged) r = make_row(t);
    if (r == 0) r = add_record(t, out, rs, ragged ? raw : buf_span(&t->row), line, ragged);
  }
  return r;
}

static void table_free(Table *t) {
  for (size_t i = 0; i < t->nkeys; i++) buf_free(&t->key[i]);
  free(t->key);
  free(t->cell);
  buf_free(&t->text);
  buf_free(&t->row);
}

int csv_to_lines(Span text, char delimiter, const char *path, Spool *out, Records *records,
                 Broken *why, Error *err) {
  *why = (Broken){ 0 };
  Table t = { .begin = text.ptr, .p = text.ptr, .end = text.ptr + text.len, .delimiter = delimiter,
              .path = path, .line = 1, .err = err };
  int r = read_table(&t, out, records, why);
  if (r == POOL_INTERRUPTED) error_set(err, "%s", "");
  records->delimiter = delimiter;
  records->columns = t.nkeys;
  table_free(&t);
  return r;
}

int csv_fault(Span raw, const Records *records, char *words, size_t cap) {
  Table t = { .begin = raw.ptr, .p = raw.ptr, .end = raw.ptr + raw.len, .delimiter = records->delimiter };
  int kind = read_record(&t, &raw);
  if (kind == RECORD_ODD) snprintf(words, cap, "text follows a closing quote");
  else snprintf(words, cap, "has %zu field%s, the header %zu", t.ncells, t.ncells == 1 ? "" : "s", records->columns);
  table_free(&t);
  return kind < 0 ? -1 : 0;
}

/* ---- what separates the cells ---- */

enum { LOOK_RECORDS = 20, LOOK_BYTES = 1 << 20 };

/* The header's cells if that delimiter separates them, 0 if it is not whole; *agree: at least half of
** the first records behind it have as many. -1: out of memory. */
static int count_columns(Span text, char delimiter, size_t *columns, int *agree) {
  int cut = text.len > LOOK_BYTES;
  Table t = { .p = text.ptr, .end = text.ptr + (cut ? LOOK_BYTES : text.len), .delimiter = delimiter };
  Span raw;
  int same = 0, other = 0, kind = read_record(&t, &raw);
  *columns = kind == RECORD_OK || kind == RECORD_ODD ? t.ncells : 0;
  *agree = kind == RECORD_OK;
  while (kind >= 0 && *agree && same + other < LOOK_RECORDS) {
    kind = read_record(&t, &raw);
    if (kind == RECORD_END || kind == RECORD_OPEN || (cut && t.p == t.end)) break;
    if (kind < 0 || is_blank(raw)) continue;
    if (kind == RECORD_OK && t.ncells == *columns) same++;
    else other++;
  }
  table_free(&t);
  if (same < other) *agree = 0;
  return kind < 0 ? -1 : 0;
}

int csv_delimiter(Span text, const char *path, char *delimiter, Error *err) {
  static const char others[] = { ';', '\t', '|' };
  size_t commas, most, some = 0;
  int agree;
  *delimiter = ',';
  if (count_columns(text, ',', &commas, &agree) != 0) return error_memory(err);
  most = commas;
  for (size_t i = 0; i < sizeof others; i++) {
    size_t columns;
    if (count_columns(text, others[i], &columns, &agree) != 0) return error_memory(err);
    if (columns > some) some = columns;
    if (columns <= most || !agree) continue;
    most = columns;
    *delimiter = others[i];
  }
  if (commas > 1 || *delimiter != ',' || some < 2) return 0;
  return error_set(err, "%s: line 1: no comma separates the columns of the header row, and the rows are not split "
                   "alike by semicolons, tabs or |", path);
}
