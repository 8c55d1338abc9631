/* modules/embed/wordpiece_file.c - reading tokenizer.json: see wordpiece.h */
#include <stdio.h>
#include <stdlib.h>

#include "core/printable.h"
#include "corpus/json.h"
#include "embed/wordpiece_inside.h"

/* ---- the trie ---- */

static int trie_grow_edges(Trie *t) {
  uint32_t size = t->edge == NULL ? 1024 : (t->mask + 1) * 2;
  Trie to = *t;
  to.mask = size - 1;
  to.edge = calloc(size, sizeof *to.edge);
  if (to.edge == NULL) return -1;
  for (uint32_t i = 0; t->edge != NULL && i <= t->mask; i++) {
    uint64_t e = t->edge[i];
    if (e == 0) continue;
    uint32_t at = trie_slot(&to, (uint32_t)(e >> 32));
    while (to.edge[at] != 0) at = (at + 1) & to.mask;
    to.edge[at] = e;
  }
  free(t->edge);
  *t = to;
  return 0;
}

/* A new node; PIECE_NONE if out of memory or of numbers. */
static uint32_t trie_node(Trie *t) {
  if (t->nodes == TRIE_MAX_NODES) return PIECE_NONE;
  if (t->nodes == t->cap) {
    uint32_t cap = t->cap == 0 ? 1024 : t->cap * 2;
    uint32_t *grown = realloc(t->piece, cap * sizeof *grown);
    if (grown == NULL) return PIECE_NONE;
    t->piece = grown;
    t->cap = cap;
  }
  t->piece[t->nodes] = PIECE_NONE;
  return t->nodes++;
}

static int trie_init(Trie *t) {
  *t = (Trie){ .inner = PIECE_NONE };
  return trie_grow_edges(t) != 0 || trie_node(t) != 0 ? -1 : 0;
}

/* The node that text leads to, made if need be; PIECE_NONE if out of memory. */
static uint32_t trie_make(Trie *t, Span text) {
  uint32_t node = 0;
  for (size_t i = 0; i < text.len; i++) {
    unsigned char byte = (unsigned char)text.ptr[i];
    uint32_t child = trie_child(t, node, byte);
    if (child == PIECE_NONE) {
      if (t->nedges > t->mask / 2 && trie_grow_edges(t) != 0) return PIECE_NONE;
      if ((child = trie_node(t)) == PIECE_NONE) return PIECE_NONE;
      uint32_t key = node << 8 | byte, at = trie_slot(t, key);
      while (t->edge[at] != 0) at = (at + 1) & t->mask;
      t->edge[at] = (uint64_t)key << 32 | child;
      t->nedges++;
    }
    node = child;
  }
  return node;
}

/* ---- reading ---- */

typedef struct Reading {
  const char *name;     /* the file, for messages */
  Error *err;
} Reading;

static int is_text(const JsonValue *v, const char *text) {
  return v->kind == JSON_STRING && json_string_is(v, span_str(text));
}

static int absent(const JsonValue *v) { return v->kind == JSON_NONE || v->kind == JSON_NULL; }

enum { SHOWN = 64 };

/* The beginning of a text of the file, for a message. */
static const char *shown(Span text, char out[SHOWN]) {
  Buf safe = { 0 };
  out[0] = '\0';
  if (printable(&safe, text, 0) == 0) snprintf(out, SHOWN, "%.*s", (int)safe.len, buf_span(&safe).ptr);
  buf_free(&safe);
  return out;
}

/* What a part of the tokenizer calls itself. */
static const char *type_of(const JsonValue *part, char out[SHOWN]) {
  JsonValue type = json_get(part, span_str("type"));
  return shown(type.kind == JSON_STRING ? type.raw : span_str("none"), out);
}

static int read_option(const Reading *r, const JsonValue *normalizer, const char *key, int otherwise, uint8_t *out) {
  JsonValue v = json_get(normalizer, span_str(key));
  *out = absent(&v) ? (uint8_t)otherwise : v.kind == JSON_TRUE;
  if (absent(&v) || v.kind == JSON_TRUE || v.kind == JSON_FALSE) return 0;
  return error_set(r->err, "%s: normalizer.%s is a %s, not true or false", r->name, key, json_kind_name(v.kind));
}

/* A normalizer that is none leaves the text as it is. */
static int read_normalizer(const Reading *r, const JsonValue *root, Wordpiece *t) {
  JsonValue v = json_get(root, span_str("normalizer"));
  char type[SHOWN];
  if (absent(&v)) return 0;
  JsonValue named = json_get(&v, span_str("type"));
  if (!is_text(&named, "BertNormalizer"))
    return error_set(r->err, "%s has the normalizer %s; of them only BertNormalizer is read", r->name,
                     type_of(&v, type));
  if (read_option(r, &v, "clean_text", 1, &t->clean) != 0 ||
      read_option(r, &v, "handle_chinese_chars", 1, &t->chinese) != 0 ||
      read_option(r, &v, "lowercase", 1, &t->lower) != 0)
    return -1;
  return read_option(r, &v, "strip_accents", t->lower, &t->strip);
}

static int check_pre_tokenizer(const Reading *r, const JsonValue *root) {
  JsonValue v = json_get(root, span_str("pre_tokenizer")), type = json_get(&v, span_str("type"));
  char name[SHOWN];
  if (is_text(&type, "BertPreTokenizer")) return 0;
  return error_set(r->err, "%s has the pre_tokenizer %s; of them only BertPreTokenizer is read", r->name,
                   type_of(&v, name));
}

/* A whole number from 0 to most. 0, -1 if it is none. */
static int read_number(const JsonValue *v, uint32_t most, uint32_t *out) {
  uint64_t n = 0;
  if (v->kind != JSON_NUMBER || v->raw.len > 10) return -1;
  for (size_t i = 0; i < v->raw.len; i++) {
    if (v->raw.ptr[i] < '0' || v->raw.ptr[i] > '9') return -1;
    n = n * 10 + (uint64_t)(v->raw.ptr[i] - '0');
  }
  *out = (uint32_t)n;
  return n <= most ? 0 : -1;
}

enum { MOST_PIECE = (1 << 30) - 1 };

static int add_piece(const Reading *r, Wordpiece *t, const JsonValue *key, const JsonValue *value, char *room) {
  uint32_t piece, node;
  size_t len = json_decode(key->raw, room);
  char said[SHOWN];
  if (read_number(value, MOST_PIECE, &piece) != 0)
    return error_set(r->err, "%s: the piece \"%s\" has no number from 0 to %d", r->name,
                     shown(span_of(room, len), said), MOST_PIECE);
  if ((node = trie_make(&t->trie, span_of(room, len))) == PIECE_NONE)
    return error_set(r->err, "%s: not enough memory for its vocabulary", r->name);
  t->trie.piece[node] = piece;
  if (piece >= t->count) t->count = piece + 1;
  return 0;
}

static int read_vocabulary(const Reading *r, const JsonValue *model, Wordpiece *t) {
  JsonValue vocab = json_get(model, span_str("vocab")), key, value;
  if (vocab.kind != JSON_OBJECT) return error_set(r->err, "%s: model.vocab is no object of pieces", r->name);
  char *room = malloc(vocab.raw.len);
  int failed = room == NULL ? error_memory(r->err) : 0;
  for (JsonIter it = json_iter(&vocab); failed == 0 && json_next(&it, &key, &value);)
    failed = add_piece(r, t, &key, &value, room);
  free(room);
  return failed;
}

/* The text of a member into out[size], NUL behind it: its length, or -1. */
static int read_text(const Reading *r, const JsonValue *model, const char *key, const char *otherwise, char *out,
                     size_t size) {
  JsonValue v = json_get(model, span_str(key));
  if (absent(&v)) {
    memcpy(out, otherwise, strlen(otherwise) + 1);
    return (int)strlen(otherwise);
  }
  if (v.kind != JSON_STRING || v.raw.len >= size)
    return error_set(r->err, "%s: model.%s is no text of at most %zu bytes", r->name, key, size - 1);
  size_t len = json_decode(v.raw, out);
  out[len] = '\0';
  return (int)len;
}

static int read_model(const Reading *r, const JsonValue *root, Wordpiece *t) {
  JsonValue model = json_get(root, span_str("model")), type = json_get(&model, span_str("type"));
  char text[65], said[SHOWN];
  JsonValue most = json_get(&model, span_str("max_input_chars_per_word"));
  if (!is_text(&type, "WordPiece") && (!absent(&type) || absent(&most)))       /* old files name no type */
    return error_set(r->err, "%s: its model is of the type %s; of the tokenizers of static models only WordPiece is "
                     "read", r->name, type_of(&model, said));
  if (read_vocabulary(r, &model, t) != 0) return -1;
  int len = read_text(r, &model, "unk_token", "[UNK]", text, sizeof text);
  if (len < 0) return -1;
  t->unknown = trie_find(&t->trie, 0, text, (size_t)len);
  if (t->unknown == PIECE_NONE)
    return error_set(r->err, "%s: model.unk_token \"%s\" is not in its vocabulary", r->name,
                     shown(span_of(text, (size_t)len), said));
  if ((len = read_text(r, &model, "continuing_subword_prefix", "##", text, sizeof text)) < 0) return -1;
  t->trie.inner = trie_make(&t->trie, span_of(text, (size_t)len));
  if (t->trie.inner == PIECE_NONE) return error_memory(r->err);
  if (!absent(&most) && (read_number(&most, WORDPIECE_MAX_CHARS, &t->max_chars) != 0 || t->max_chars == 0))
    return error_set(r->err, "%s: model.max_input_chars_per_word is not a number from 1 to %d", r->name,
                     WORDPIECE_MAX_CHARS);
  return 0;
}

/* One of added_tokens. They are looked for in the text as it is written, at ASCII punctuation alone: all that BERT's
** tokenizers have ("[CLS]", "<mask>"). Others would be cut wrong, so they are refused. */
static int read_added(const Reading *r, const JsonValue *v, Wordpiece *t, char *room) {
  JsonValue content = json_get(v, span_str("content")), id = json_get(v, span_str("id"));
  JsonValue normalized = json_get(v, span_str("normalized")), single = json_get(v, span_str("single_word"));
  AddedPiece *a = &t->added[t->nadded];
  char said[SHOWN];
  if (content.kind != JSON_STRING || read_number(&id, MOST_PIECE, &a->piece) != 0)
    return error_set(r->err, "%s: added_tokens[%zu] has no content and id", r->name, t->nadded);
  a->text = span_of(room, json_decode(content.raw, room));
  unsigned char first = a->text.len > 0 ? (unsigned char)a->text.ptr[0] : 0;
  if (normalized.kind == JSON_TRUE || single.kind == JSON_TRUE || t->kind[first] != BYTE_PUNCTUATION)
    return error_set(r->err, "%s has the added token \"%s\"; of them only those are read that begin with ASCII "
                     "punctuation and have normalized and single_word false", r->name, shown(a->text, said));
  t->starts[first] = 1;
  if (a->piece >= t->count) t->count = a->piece + 1;
  t->nadded++;
  return 0;
}

static int read_all_added(const Reading *r, const JsonValue *root, Wordpiece *t) {
  JsonValue list = json_get(root, span_str("added_tokens")), v;
  size_t n = 0;
  if (list.kind != JSON_ARRAY) return 0;
  for (JsonIter it = json_iter(&list); json_next(&it, NULL, &v);) n++;
  t->added = calloc(n + 1, sizeof *t->added);
  t->texts = malloc(list.raw.len);
  if (t->added == NULL || t->texts == NULL) return error_memory(r->err);
  char *room = t->texts;
  for (JsonIter it = json_iter(&list); json_next(&it, NULL, &v);) {
    if (read_added(r, &v, t, room) != 0) return -1;
    room += t->added[t->nadded - 1].text.len;
  }
  return 0;
}

static void find_punctuation(Wordpiece *t) {
  for (unsigned c = 0; c < 128; c++) {
    char byte = (char)c;
    uint32_t piece = trie_find(&t->trie, 0, &byte, 1);
    t->punctuation[c] = piece == PIECE_NONE ? t->unknown : piece;
  }
}

static int read_root(const Reading *r, const JsonDoc *doc, Wordpiece *t) {
  if (doc->root.kind != JSON_OBJECT) return error_set(r->err, "%s is no object of a tokenizer", r->name);
  for (unsigned c = 0; c < 256; c++) t->kind[c] = (uint8_t)byte_kind(c);
  if (read_model(r, &doc->root, t) != 0 || read_normalizer(r, &doc->root, t) != 0 ||
      check_pre_tokenizer(r, &doc->root) != 0 || read_all_added(r, &doc->root, t) != 0)
    return -1;
  find_punctuation(t);
  return 0;
}

Wordpiece *wordpiece_open(Span json, const char *name, Error *err) {
  Reading r = { name, err };
  JsonDoc doc = { 0 };
  Wordpiece *t = calloc(1, sizeof *t);
  int failed = t == NULL || trie_init(&t->trie) != 0 ? error_memory(err) : 0;
  if (failed == 0) {
    t->max_chars = 100;
    JsonStatus status = json_check(&doc, json, 0);
    if (status == JSON_NO_MEMORY) failed = error_memory(err);
    else if (status != JSON_OK) failed = error_set(err, "%s is not JSON (at byte %zu)", name, doc.fault);
    else failed = read_root(&r, &doc, t);
  }
  json_doc_free(&doc);
  if (failed == 0) return t;
  wordpiece_free(t);
  return NULL;
}

void wordpiece_free(Wordpiece *t) {
  if (t == NULL) return;
  free(t->trie.edge);
  free(t->trie.piece);
  free(t->added);
  free(t->texts);
  free(t);
}
