/* modules/vectors/ids.c - see ids.h */
#include "vectors/ids.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/pool.h"
#include "core/printable.h"
#include "corpus/list.h"
#include "corpus/map.h"
#include "hash/hash.h"
#include "vectors/array_file.h"

enum { SHOWN = 80 };
static const size_t MOST = (size_t)1 << 31;

/* Shall reading end before id i? Asked for each. */
static int is_over(size_t i) { return i % 65536 == 0 && interrupt_pending(); }

int ids_add(Ids *ids, Span id) {
  if (buf_add(&ids->text, id.ptr, id.len) != 0) return -1;
  size_t *end = LIST_PUSH(ids->end, ids->n, ids->cap);
  if (end == NULL) return -1;
  *end = ids->text.len;
  return 0;
}

Span ids_at(const Ids *ids, size_t i) {
  size_t begin = i > 0 ? ids->end[i - 1] : 0;
  return span_of(buf_span(&ids->text).ptr + begin, ids->end[i] - begin);
}

int ids_of_value(const JsonValue *v, Buf *room, Span *id) {
  int escaped = v->kind == JSON_STRING && (v->flags & JSON_ESCAPED) != 0;
  *id = v->kind == JSON_NUMBER || v->kind == JSON_STRING ? v->raw : span_of(NULL, 0);
  if (!escaped) return 0;
  room->len = 0;
  if (buf_reserve(room, v->raw.len) != 0) return -1;
  room->len = json_decode(v->raw, room->ptr);
  *id = buf_span(room);
  return 0;
}

static int add_json(Ids *ids, JsonDoc *doc, Span line, size_t number, Span path, Buf *room, Error *err) {
  JsonStatus status = json_check(doc, line, 0);
  if (status == JSON_NO_MEMORY) return error_memory(err);
  if (status != JSON_OK) return error_set(err, "line %zu is no JSON", number);
  JsonValue v = doc->root;
  if (v.kind == JSON_OBJECT) v = json_path(&doc->root, path);
  Span id;
  if (ids_of_value(&v, room, &id) != 0) return error_memory(err);
  if (id.ptr == NULL)
    return doc->root.kind == JSON_OBJECT
             ? error_set(err, "line %zu has no text or number at \"%.*s\"", number, (int)path.len, path.ptr)
             : error_set(err, "line %zu is no text, number or object", number);
  return ids_add(ids, id) != 0 ? error_memory(err) : 0;
}

static int is_blank(Span line) {
  size_t i = 0;
  while (i < line.len && (line.ptr[i] == ' ' || line.ptr[i] == '\t')) i++;
  return i == line.len;
}

int ids_lines(Ids *ids, Span file, int json, Span path, Error *err) {
  JsonDoc doc = { 0 };
  Buf room = { 0 };
  const char *p = file.ptr, *end = p + file.len;
  int result = 0;
  if (file.len >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0) p += 3;
  for (size_t number = 1; result == 0 && p < end; number++) {
    if (is_over(number - 1)) {
      result = POOL_INTERRUPTED;
      break;
    }
    const char *stop = memchr(p, '\n', (size_t)(end - p)), *next = stop == NULL ? end : stop + 1;
    if (stop == NULL) stop = end;
    if (stop > p && stop[-1] == '\r') stop--;
    Span line = span_of(p, (size_t)(stop - p));
    p = next;
    if (!json) result = ids_add(ids, line) != 0 ? error_memory(err) : 0;
    else if (!is_blank(line)) result = add_json(ids, &doc, line, number, path, &room, err);
  }
  json_doc_free(&doc);
  buf_free(&room);
  return result;
}

static uint32_t slot_of(const Ids *ids, Span id) {
  uint32_t slot = (uint32_t)hash_xxh3(id) & ids->mask;
  while (ids->table[slot] != IDS_NONE && !span_eq(ids_at(ids, ids->table[slot]), id)) slot = (slot + 1) & ids->mask;
  return slot;
}

static int say_twice(Span id, size_t a, size_t b, Error *err) {
  Buf shown = { 0 };
  if (printable(&shown, span_of(id.ptr, id.len > SHOWN ? SHOWN : id.len), 0) != 0) error_memory(err);
  else error_set(err, "the id \"%.*s\" stands twice, at %zu and %zu", (int)shown.len, buf_span(&shown).ptr, a + 1,
                 b + 1);
  buf_free(&shown);
  return -1;
}

int ids_close(Ids *ids, Error *err) {
  if (ids->n >= MOST) return error_set(err, "%zu ids; fewer than 2^31 are read", ids->n);
  size_t room = 16;
  while (room < ids->n + ids->n / 2) room *= 2;
  ids->mask = (uint32_t)(room - 1);
  ids->table = malloc(room * sizeof *ids->table);
  if (ids->table == NULL) return error_memory(err);
  memset(ids->table, 0xFF, room * sizeof *ids->table);
  for (size_t i = 0; i < ids->n; i++) {
    if (is_over(i)) return POOL_INTERRUPTED;
    Span id = ids_at(ids, i);
    if (id.len == 0) continue;
    uint32_t slot = slot_of(ids, id);
    if (ids->table[slot] != IDS_NONE) return say_twice(id, ids->table[slot], i, err);
    ids->table[slot] = (uint32_t)i;
  }
  return 0;
}

uint32_t ids_find(const Ids *ids, Span id) { return id.len == 0 ? IDS_NONE : ids->table[slot_of(ids, id)]; }

/* ---- from files ---- */

static int told(int result, const char *path, const Error *inner, Error *err) {
  return result == 0 || result == POOL_INTERRUPTED ? result : error_set(err, "%s: %s", path, inner->text);
}

int ids_file(Ids *ids, const char *path, int json, Span at, Error *err) {
  struct stat st;
  FileMap map = { 0 };
  Error inner = { "" };
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return error_errno(err, "cannot read %s", path);
  int result = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? map_open(&map, fd, (size_t)st.st_size, path, &inner)
                                                          : error_set(&inner, "it is no file");
  close(fd);
  if (result == 0) result = ids_lines(ids, span_of(map.ptr, map.len), json, at, &inner);
  if (result == 0) result = ids_close(ids, &inner);
  map_close(&map);
  return told(result, path, &inner, err);
}

int ids_array(Ids *ids, const char *path, Span array, uint64_t rows, Error *err) {
  ArrayFile f;
  Buf text = { 0 };
  Error inner = { "" };
  int result = array_file_open_list(&f, path, array, err);
  if (result != 0) return result;
  if (f.rows != rows)
    result = error_set(&inner, "it has %" PRIu64 " ids, and there are vectors of %" PRIu64 " rows", f.rows, rows);
  for (uint64_t i = 0; i < f.rows && result == 0; i++) {
    text.len = 0;
    if (is_over(i)) result = POOL_INTERRUPTED;
    else if (array_file_text(&f, i, &text) != 0 || ids_add(ids, buf_span(&text)) != 0) result = error_memory(&inner);
  }
  buf_free(&text);
  array_file_close(&f);
  if (result == 0) result = ids_close(ids, &inner);
  return told(result, path, &inner, err);
}

void ids_free(Ids *ids) {
  buf_free(&ids->text);
  free(ids->end);
  free(ids->table);
  *ids = (Ids){ 0 };
}
