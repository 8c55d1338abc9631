/* tests/fuzz/fuzz_schema.c - a schema and a value, apart by the first byte 0xFF: trees hold every value in order, any
** schema ends within its steps, and what it says of a value is the same the second time; the JSON of any text lies in
** it. */
#include <stdlib.h>

#include "schema/answer.h"
#include "schema/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static char *block(const uint8_t *from, size_t len) {   /* of its own, so that reading past it is seen */
  char *p = malloc(len > 0 ? len : 1);
  if (p == NULL) abort();
  if (len > 0) memcpy(p, from, len);
  return p;
}

static void check_tree(const Tree *t) {
  Buf b = { 0 };
  for (uint32_t i = 0; i < t->n; i++) {
    uint32_t n = 0, last = i + 1;
    for (uint32_t c = tree_first(t, i); c != 0; c = tree_after(t, i, c), n++) {
      if (c != last) abort();
      last = t->node[c].next;
    }
    if (n != t->node[i].count || t->node[i].next != last || last > t->n) abort();
  }
  b.len = 0;
  if (tree_pointer(t, 0, (uint32_t)t->n - 1, &b) != 0 || tree_path(t, 0, (uint32_t)t->n - 1, &b) != 0) abort();
  buf_free(&b);
}

static int found(void *with, uint32_t node) { return (void)with, node == UINT32_MAX; }
static int missing(void *with, uint32_t node, size_t step) { return (void)with, node == UINT32_MAX && step > 99; }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  const uint8_t *cut = memchr(data, 0xFF, len);
  size_t first = cut != NULL ? (size_t)(cut - data) : len, second = cut != NULL ? len - first - 1 : 0;
  char *a = block(data, first), *b = block(cut != NULL ? cut + 1 : data, second);
  JsonDoc doc = { 0 };
  Tree schema = { 0 }, value = { 0 };
  SchemaRun run = { .max_steps = 20000 };
  TreePath path;
  Span json = answer_json(span_of(a, first), second & 1);
  if (json.ptr < a || json.ptr + json.len > a + first) abort();
  int is_path = tree_parse_path(&path, span_of(a, first)) == 0;
  if (json_check(&doc, span_of(b, second), 0) == JSON_OK) {
    if (tree_build(&value, span_of(b, second)) != 0) abort();
    check_tree(&value);
    if (is_path) tree_visit(&value, 0, &path, &(TreeVisit){ found, missing, NULL });
    if (json_check(&doc, span_of(a, first), 0) == JSON_OK) {
      if (tree_build(&schema, span_of(a, first)) != 0) abort();
      check_tree(&schema);
      schema_prepare(&schema, 0);
      SchemaResult r = schema_validate(&run, (Schema){ &schema, 0 }, &value, 0);
      if (r != schema_validate(&run, (Schema){ &schema, 0 }, &value, 0)) abort();
    }
  }
  json_doc_free(&doc);
  tree_free(&schema);
  tree_free(&value);
  schema_run_free(&run);
  free(a);
  free(b);
  return 0;
}
