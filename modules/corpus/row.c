/* modules/corpus/row.c - see row.h */
#include "corpus/row.h"

#include <errno.h>
#include <stdlib.h>

#include "corpus/json.h"
#include "corpus/list.h"
#include "corpus/scratch.h"

/* ---- life ---- */

Scratch *scratch_new(int worker) {
  Scratch *s = calloc(1, sizeof *s);
  if (s != NULL) s->worker = worker;
  return s;
}

void scratch_free(Scratch *s) {
  if (s == NULL) return;
  arena_free(&s->room);
  free(s->edit);
  free(s->replaced);
  free(s->string);
  free(s->note);
  free(s->left);
  json_paths_free(&s->paths);
  free(s);
}

int scratch_worker(const Scratch *s) { return s->worker; }
int scratch_failed(const Scratch *s) { return s->failed; }

Row scratch_begin(Scratch *s, const View *view, uint32_t row) {
  arena_clear(&s->room);
  s->failed = s->edits_loaded = s->edited = s->strings_ready = s->paths_begun = 0;
  s->have = 0;
  s->nedits = s->nreplaced = s->nstrings = s->nnotes = s->nleft = 0;
  return (Row){ view, view->corpus, row, s };
}

Row scratch_begin_as_read(Scratch *s, const View *view, uint32_t row) {
  Row r = scratch_begin(s, view, row);
  s->edits_loaded = 1;
  return r;
}

void *scratch_room(Scratch *s, size_t len) { return arena_room(&s->room, len > 0 ? len : 1); }

int scratch_leave(Scratch *s, const void *owner, void *what) {
  RowLeft *to = LIST_PUSH(s->left, s->nleft, s->cap_left);
  if (to == NULL) return -1;
  *to = (RowLeft){ owner, what };
  return 0;
}

void *scratch_left(const Scratch *s, const void *owner) {
  for (size_t i = s->nleft; i > 0; i--)
    if (s->left[i - 1].owner == owner) return s->left[i - 1].what;
  return NULL;
}

Span row_bytes(const Row *r) { return corpus_row_bytes(r->corpus, r->index); }

int row_is_json(const Row *r) {
  if (view_status(r->view, r->index) == STATUS_STANDING) return 1;
  switch (corpus_row_state(r->corpus, r->index)) {
    case ROW_OK: case ROW_MISSING_FIELD: case ROW_FIELD_TYPE: case ROW_DUPLICATE_KEY:
    case ROW_LONE_SURROGATE: return 1;
    default: return 0;
  }
}

/* ---- edits ---- */

static Edit *find_edit(const Scratch *s, uint32_t start) {
  size_t low = 0, high = s->nedits;
  while (low < high) {
    size_t mid = low + (high - low) / 2;
    if (s->edit[mid].start < start) low = mid + 1;
    else high = mid;
  }
  return low < s->nedits && s->edit[low].start == start ? &s->edit[low] : NULL;
}

static int add_edit(Scratch *s, Edit e) {
  if (!LIST_ROOM(s->edit, s->nedits, s->cap_edits)) return -1;
  size_t at = s->nedits++;
  while (at > 0 && s->edit[at - 1].start > e.start) {
    s->edit[at] = s->edit[at - 1];
    at--;
  }
  s->edit[at] = e;
  return 0;
}

static int add_replaced(Scratch *s, Edit e) {
  if (s->nreplaced == UINT16_MAX) return 0;   /* past that, who changed what is not told */
  Edit *to = LIST_PUSH(s->replaced, s->nreplaced, s->cap_replaced);
  if (to == NULL) return -1;
  *to = e;
  return 0;
}

static void load_edits(const Row *r) {
  Scratch *s = r->scratch;
  s->edits_loaded = 1;
  const Edit *edit;
  size_t n = view_edits(r->view, r->index, &edit);
  for (size_t i = 0; i < n; i++)
    if (add_edit(s, edit[i]) != 0) s->failed = 1;
  n = view_replaced(r->view, r->index, &edit);
  for (size_t i = 0; i < n; i++)
    if (add_replaced(s, edit[i]) != 0) s->failed = 1;
}

/* The edited text of the string that starts there, or NULL. */
static const Edit *edit_of(const Row *r, uint32_t start) {
  if (!r->scratch->edits_loaded) {
    if (r->view->edit == NULL) r->scratch->edits_loaded = 1;
    else load_edits(r);
  }
  return r->scratch->nedits == 0 ? NULL : find_edit(r->scratch, start);
}

const Edit *row_edit_at(const Row *r, uint32_t start) { return edit_of(r, start); }

size_t scratch_edits(const Row *r, const Edit **out) {
  if (!r->scratch->edits_loaded) load_edits(r);
  *out = r->scratch->edit;
  return r->scratch->nedits;
}

static int is_ascii(Span text) {
  unsigned char any = 0;
  for (size_t i = 0; i < text.len; i++) any |= (unsigned char)text.ptr[i];
  return any < 0x80;
}

/* Among those that were found; NULL if there is none. */
static RowString *find_string(const Scratch *s, uint32_t start) {
  size_t low = 0, high = s->nstrings;
  while (low < high) {
    size_t mid = low + (high - low) / 2;
    if (s->string[mid].start < start) low = mid + 1;
    else high = mid;
  }
  return low < s->nstrings && s->string[low].start == start ? &s->string[low] : NULL;
}

int scratch_edit(Row *r, uint32_t start, uint32_t raw_len, Span text, Span spans, uint16_t stage) {
  Scratch *s = r->scratch;
  Edit *e = (Edit *)edit_of(r, start);
  Edit made = { .start = start, .raw_len = raw_len, .stage = stage, .text = text, .spans = spans };
  if (e != NULL && e->stage != stage && add_replaced(s, *e) != 0) return -1;
  if (e != NULL) *e = made;
  else if (add_edit(s, made) != 0) return -1;
  s->edited = 1;
  s->have = 0;
  RowString *str = find_string(s, start);
  if (str == NULL) return 0;
  str->text = text;
  str->flags = (uint8_t)((str->flags & ~(STRING_ESCAPED | STRING_ASCII)) | (is_ascii(text) ? STRING_ASCII : 0));
  return 0;
}

int row_edit(Row *r, uint32_t start, Span text) {
  const RowString *all;
  row_strings(r, &all);
  const RowString *string = find_string(r->scratch, start);
  Span copy = arena_copy(&r->scratch->room, text);
  if (copy.ptr == NULL || string == NULL) return -1;
  return scratch_edit(r, start, string->raw_len, copy, span_of(NULL, 0), 0);
}

int scratch_note(Scratch *s, uint32_t name, uint32_t value) {
  size_t i = 0;
  while (i < s->nnotes && s->note[i].name != name) i++;
  if (i == s->nnotes) {
    if (LIST_PUSH(s->note, s->nnotes, s->cap_notes) == NULL) return -1;
  }
  s->note[i] = (RowNote){ name, value };
  return 0;
}

/* ---- strings and fields ---- */

/* The text of a string: where it lies when nothing in it is escaped, else decoded. */
static Span string_text(const Row *r, uint32_t start, Span raw, int escaped) {
  const Edit *e = edit_of(r, start);
  if (e != NULL) return e->text;
  if (!escaped) return raw;
  char *out = arena_room(&r->scratch->room, raw.len);
  if (out == NULL) {
    r->scratch->failed = 1;
    return span_of("", 0);
  }
  return span_of(out, json_decode(raw, out));
}

static inline int belongs(const StringRef *ref, Field f) {
  return f == FIELD_ASSISTANT ? (ref->flags & STRING_ASSISTANT) != 0 : ref->field == f;
}

/* Several strings, joined by line feeds. `most` bounds their text without the line feeds. */
static Span join(const Row *r, Field f, const StringRef *ref, size_t n, size_t most) {
  const char *bytes = row_bytes(r).ptr;
  char *out = arena_room(&r->scratch->room, most), *p = out;
  if (out == NULL) {
    r->scratch->failed = 1;
    return span_of("", 0);
  }
  for (size_t i = 0; i < n; i++) {
    if (!belongs(&ref[i], f)) continue;
    if (p != out) *p++ = '\n';
    const Edit *e = edit_of(r, ref[i].start);
    Span raw = span_of(bytes + ref[i].start, ref[i].len);
    if (e == NULL && ref[i].escaped) {
      p += json_decode(raw, p);
      continue;
    }
    if (e != NULL) raw = e->text;
    memcpy(p, raw.ptr, raw.len);
    p += raw.len;
  }
  return span_of(out, (size_t)(p - out));
}

static Span field_text(const Row *r, Field f) {
  const RowRec *rec = &r->corpus->rows[r->index];
  const StringRef *ref = corpus_row_strings(r->corpus, r->index), *only = NULL;
  size_t found = 0, most = 0;
  for (size_t i = 0; i < rec->nstrings; i++) {
    if (!belongs(&ref[i], f)) continue;
    const Edit *e = edit_of(r, ref[i].start);
    most += (e != NULL ? e->text.len : ref[i].len) + 1;
    only = &ref[i];
    found++;
  }
  if (found == 0) return (Span){ 0 };
  if (found > 1) return join(r, f, ref, rec->nstrings, most);
  Span raw = span_of(row_bytes(r).ptr + only->start, only->len);
  return string_text(r, only->start, raw, only->escaped);
}

Span row_field(const Row *r, Field f) {
  if (f >= FIELD_COUNT) return (Span){ 0 };
  Scratch *s = r->scratch;
  if ((s->have >> f & 1) == 0) {
    s->field[f] = field_text(r, f);
    s->have |= 1u << f;
  }
  return s->field[f];
}

size_t row_field_strings(const Row *r, Field f, RowString *out, size_t cap) {
  const RowRec *rec = &r->corpus->rows[r->index];
  const StringRef *ref = corpus_row_strings(r->corpus, r->index);
  size_t n = 0;
  for (size_t i = 0; i < rec->nstrings; i++) {
    if (!belongs(&ref[i], f)) continue;
    if (n < cap) {
      Span raw = span_of(row_bytes(r).ptr + ref[i].start, ref[i].len);
      out[n] = (RowString){ .text = string_text(r, ref[i].start, raw, ref[i].escaped),
                            .start = ref[i].start, .raw_len = ref[i].len, .field = ref[i].field,
                            .flags = ref[i].flags, .turn = ref[i].turn };
    }
    n++;
  }
  return n;
}

/* The format's string at that place, or NULL. *hint is where the search begins: places mostly
** ascend, so each is found at once. */
static const StringRef *ref_at(const StringRef *ref, size_t n, uint32_t start, size_t *hint) {
  for (size_t k = 0, i = *hint; k < n; k++, i++) {
    if (i >= n) i = 0;
    if (ref[i].start != start) continue;
    *hint = i + 1;
    return &ref[i];
  }
  return NULL;
}

static int add_string(const Row *r, const JsonValue *v, const StringRef *ref) {
  Scratch *s = r->scratch;
  if (!LIST_ROOM(s->string, s->nstrings, s->cap_strings)) return -1;
  RowString *str = &s->string[s->nstrings++];
  *str = (RowString){ .start = (uint32_t)(v->raw.ptr - row_bytes(r).ptr),
                      .raw_len = (uint32_t)v->raw.len, .field = FIELD_NONE };
  if ((v->flags & JSON_ESCAPED) != 0) str->flags |= STRING_ESCAPED;
  else if ((v->flags & JSON_ASCII) != 0) str->flags |= STRING_ASCII;
  if (ref != NULL) {
    str->field = ref->field;
    str->flags = ref->flags;
    str->turn = ref->turn;
  }
  str->text = string_text(r, str->start, v->raw, (str->flags & STRING_ESCAPED) != 0);
  if (edit_of(r, str->start) != NULL)
    str->flags = (uint8_t)((str->flags & ~(STRING_ESCAPED | STRING_ASCII)) | (is_ascii(str->text) ? STRING_ASCII : 0));
  return 0;
}

static const char *id_place(const Row *r, Span line) {
  if (r->corpus->id_path == NULL || line.len == 0) return NULL;
  JsonValue root = json_value(line), id = json_path(&root, span_str(r->corpus->id_path));
  return id.kind == JSON_STRING ? id.raw.ptr : NULL;
}

size_t row_strings(const Row *r, const RowString **out) {
  Scratch *s = r->scratch;
  if (!s->strings_ready) {
    Span line = row_bytes(r);
    const StringRef *ref = corpus_row_strings(r->corpus, r->index);
    size_t nrefs = r->corpus->rows[r->index].nstrings, hint = 0;
    if (!row_is_json(r)) line.len = 0;
    const char *id = id_place(r, line);
    JsonStrings it = json_strings(line);
    for (JsonValue v; json_next_string(&it, &v);) {
      if (v.raw.ptr == id) continue;
      uint32_t start = (uint32_t)(v.raw.ptr - line.ptr);
      if (add_string(r, &v, ref_at(ref, nrefs, start, &hint)) != 0) s->failed = 1;
    }
    s->strings_ready = 1;
  }
  *out = s->string;
  return s->nstrings;
}

int row_string_path(const Row *r, uint32_t start, Buf *out) {
  Scratch *s = r->scratch;
  if (!s->paths_begun) json_paths_begin(&s->paths, row_bytes(r));
  s->paths_begun = 1;
  return json_paths_at(&s->paths, start, out);
}

/* ---- paths and keys ---- */

/* An integer that fits 64 bits is exact; all others are doubles. */
static Value number_value(Row const *r, Span raw) {
  char small[64], *text = small;
  if (raw.len >= sizeof small) text = arena_room(&r->scratch->room, raw.len + 1);
  if (text == NULL) {
    r->scratch->failed = 1;
    return (Value){ .type = VALUE_NONE };
  }
  memcpy(text, raw.ptr, raw.len);
  text[raw.len] = '\0';
  if (strpbrk(text, ".eE") == NULL && raw.len <= 20) {
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (errno == 0 && *end == '\0') return (Value){ .type = VALUE_INT, .integer = v };
  }
  return (Value){ .type = VALUE_DOUBLE, .number = strtod(text, NULL) };
}

/* The format's string that starts there; NULL if none does. */
static const StringRef *string_at(const StringRef *ref, size_t n, size_t start) {
  for (size_t i = 0; i < n; i++)
    if (ref[i].start == start) return &ref[i];
  return NULL;
}

/* A member of the row by its own name. The long texts are the format's strings, whose ends are known: they
** are passed, not read. Nor is the line's end looked for, where the bytes are the farthest: white space behind
** the object reads as a member without a name. */
static JsonValue member(const Row *r, Span line, Span name) {
  enum { FEW = 8 };   /* chats have their strings deeper than the row's own members */
  const StringRef *ref = corpus_row_strings(r->corpus, r->index);
  size_t n = r->corpus->rows[r->index].nstrings;
  if (n > FEW) n = 0;
  const char *open = memchr(line.ptr, '{', line.len);
  JsonValue found = { 0 }, k;
  if (open == NULL) return found;
  JsonValue root = { span_of(open, line.len - (size_t)(open - line.ptr)), JSON_OBJECT, 0 };
  for (JsonIter it = json_iter(&root); json_next_key(&it, &k);) {
    int is = json_string_is(&k, name);
    const StringRef *s = is || n == 0 ? NULL : string_at(ref, n, (size_t)(it.p - line.ptr) + 1);
    JsonValue v;
    if (s != NULL) json_pass_string(&it, s->len);
    else json_next_value(&it, &v);
    if (is) found = v;
  }
  return found;
}

static int is_own_name(Span path) {
  for (size_t i = 0; i < path.len; i++)
    if (memchr(".[]\"\\", path.ptr[i], 5) != NULL) return 0;
  return path.len > 0;
}

Value row_path(const Row *r, Span path) {
  if (!row_is_json(r)) return (Value){ .type = VALUE_NONE };
  Span line = row_bytes(r);
  JsonValue root, v;
  if (is_own_name(path)) v = member(r, line, path);
  else {
    root = json_value(line);
    v = json_path(&root, path);
  }
  switch (v.kind) {
    case JSON_TRUE: return (Value){ .type = VALUE_BOOL, .integer = 1 };
    case JSON_FALSE: return (Value){ .type = VALUE_BOOL, .integer = 0 };
    case JSON_NUMBER: return number_value(r, v.raw);
    case JSON_STRING: {
      uint32_t start = (uint32_t)(v.raw.ptr - line.ptr);
      Span text = string_text(r, start, v.raw, (v.flags & JSON_ESCAPED) != 0);
      return (Value){ .type = VALUE_STRING, .text = text };
    }
    default: return (Value){ .type = VALUE_NONE };
  }
}

static Value attribute(const Source *s, Span name) {
  const char *text = NULL;
  if (span_eq(name, span_str("kind"))) text = s->kind;
  else if (span_eq(name, span_str("generator"))) text = s->generator;
  for (size_t i = 0; text == NULL && i < s->nattr; i++)
    if (span_eq(name, span_str(s->attr[i].name))) text = s->attr[i].value;
  if (text == NULL) return (Value){ .type = VALUE_NONE };
  return (Value){ .type = VALUE_STRING, .text = span_str(text) };
}

/* What the view or an earlier operator of the group noted under that name. */
static Value noted(const Row *r, Span name) {
  Names *names = r->corpus->names;
  const Scratch *s = r->scratch;
  for (size_t i = 0; i < s->nnotes; i++)
    if (span_eq(names_value(names, s->note[i].name).text, name))
      return names_value(names, s->note[i].value);
  return names_value(names, view_annotation(r->view, name, r->index));
}

static Value attribute_of(const Row *r, Span name) {
  return attribute(&r->corpus->sources[r->corpus->rows[r->index].source], name);
}

Value row_annotation(const Row *r, Span name) {
  Value v = noted(r, name);
  return v.type != VALUE_NONE ? v : attribute_of(r, name);
}

Value row_key(const Row *r, Span name) {
  Value v = noted(r, name);
  if (v.type == VALUE_NONE) v = row_path(r, name);
  return v.type != VALUE_NONE ? v : attribute_of(r, name);
}
