/* tests/test_schema.c - JSON as trees, JSON Schema by its specification, and the JSON of an answer */
#include <stdlib.h>
#include <time.h>

#include "check.h"
#include "schema/answer.h"
#include "schema/schema.h"

static Tree tree_of(const char *text) {
  Tree t = { 0 };
  JsonDoc doc = { 0 };
  CHECK(json_check(&doc, span_str(text), 0) == JSON_OK);
  CHECK(tree_build(&t, span_str(text)) == 0);
  json_doc_free(&doc);
  return t;
}

static void a_tree_has_each_value_before_those_inside(void) {
  Tree t = tree_of(" {\"a\": [1, {}, \"x]\"], \"b\" : {\"c\":null} } ");
  static const uint32_t NEXT[] = { 7, 5, 3, 4, 5, 7, 7 }, COUNT[] = { 2, 3, 0, 0, 0, 1, 0 };
  CHECK(t.n == 7);
  for (uint32_t i = 0; i < 7; i++) CHECK(t.node[i].next == NEXT[i] && t.node[i].count == COUNT[i]);
  CHECK(span_eq(t.node[1].value.raw, span_str("[1, {}, \"x]\"]")) && span_eq(t.node[4].value.raw, span_str("x]")));
  CHECK(tree_get(&t, 0, span_str("b")) == 5 && tree_get(&t, 5, span_str("c")) == 6 && tree_get(&t, 0, span_str("c")) == 0);
  tree_free(&t);
  t = tree_of("[]");
  CHECK(t.n == 1 && tree_first(&t, 0) == 0);
  tree_free(&t);
  t = tree_of("-1e5");
  CHECK(t.n == 1 && span_eq(t.node[0].value.raw, span_str("-1e5")));
  tree_free(&t);
}

static void places_are_written_as_pointers_and_as_paths(void) {
  Tree t = tree_of("{\"a/b\":[0,{\"~\":1,\"x.y\":2}]}");
  Buf b = { 0 };
  CHECK(tree_pointer(&t, 0, 4, &b) == 0 && span_eq(buf_span(&b), span_str("/a~1b/1/~0")));
  b.len = 0;
  CHECK(tree_path(&t, 0, 5, &b) == 0 && span_eq(buf_span(&b), span_str("a/b[1][\"x.y\"]")));
  b.len = 0;
  CHECK(tree_pointer(&t, 0, 0, &b) == 0 && b.len == 0);
  buf_free(&b);
  tree_free(&t);
}

static int note(void *with, uint32_t node) { return *(uint64_t *)with = *(uint64_t *)with * 10 + node, 0; }
static int lack(void *with, uint32_t node, size_t step) {
  return *(uint64_t *)with = *(uint64_t *)with * 100 + 90 + node + step * 0, 0;
}

static uint64_t visited(const Tree *t, const char *path) {
  uint64_t all = 0;
  TreePath p;
  if (tree_parse_path(&p, span_str(path)) != 0) return 999;
  CHECK(tree_visit(t, 0, &p, &(TreeVisit){ note, lack, &all }) == 0);
  return all;
}

static void a_path_leads_to_every_element(void) {
  Tree t = tree_of("{\"m\":[{\"r\":1},{\"q\":2},{\"r\":3}]}");   /* m 1, its elements 2 4 6, their members 3 5 7 */
  CHECK(visited(&t, "m[].r") == 3947);   /* 3, element 4 lacks it, 7 */
  CHECK(visited(&t, "m[1].q") == 5 && visited(&t, "m[7].q") == 91 && visited(&t, "n") == 90 && visited(&t, "m") == 1);
  CHECK(visited(&t, "[\"m\"][0]") == 2 && visited(&t, "m.r") == 91 && visited(&t, "m[0][]") == 92);
  CHECK(visited(&t, "") == 999 && visited(&t, "m[") == 999 && visited(&t, "m[x]") == 999 && visited(&t, "m..r") == 999);
  CHECK(visited(&t, "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a") == 999);
  tree_free(&t);
}

static SchemaResult result(SchemaRun *r, const char *schema, const char *value) {
  Tree s = tree_of(schema), v = tree_of(value);
  r->max_steps = 100000;
  schema_prepare(&s, 0);
  SchemaResult got = schema_validate(r, (Schema){ &s, 0 }, &v, 0);
  tree_free(&s);
  tree_free(&v);
  return got;
}

static SchemaResult fits(const char *schema, const char *value) {
  SchemaRun r = { 0 };
  SchemaResult got = result(&r, schema, value);
  schema_run_free(&r);
  return got;
}

/* From the specification's own words, draft 2020-12, and the older drafts' for what they wrote otherwise. */
static void values_fit_as_the_specification_says(void) {
  static const struct { const char *schema, *yes, *no; } CASES[] = {
    { "{\"type\":\"integer\"}", "1.0", "1.5" }, { "{\"type\":[\"null\",\"boolean\"]}", "false", "0" },
    { "{\"enum\":[1,{\"a\":[2]}]}", "{\"a\":[2.0]}", "{\"a\":[3]}" }, { "{\"const\":9007199254740993}", "9007199254740993", "9007199254740992" },
    { "{\"const\":\"\\u00e9\"}", "\"\xC3\xA9\"", "\"e\"" }, { "{\"const\":{\"a\":1,\"b\":2}}", "{\"b\":2,\"a\":1}", "{\"a\":1}" },
    { "{\"minimum\":1.1}", "1.1", "1" }, { "{\"exclusiveMaximum\":3}", "2.9", "3" },
    { "{\"minimum\":1,\"exclusiveMinimum\":true}", "2", "1" }, { "{\"multipleOf\":0.01}", "4.35", "4.355" },
    { "{\"multipleOf\":3}", "9", "10" }, { "{\"maxLength\":2}", "\"\\ud83d\\ude00x\"", "\"abc\"" },
    { "{\"minLength\":2}", "\"\xC3\xA9\xC3\xA9\"", "\"\xC3\xA9\"" }, { "{\"required\":[\"a\"]}", "{\"a\":null}", "{\"b\":1}" },
    { "{\"properties\":{\"a\":{\"type\":\"string\"}}}", "{\"b\":1}", "{\"a\":1}" },
    { "{\"properties\":{\"a\":{}},\"additionalProperties\":false}", "{\"a\":1}", "{\"b\":1}" },
    { "{\"additionalProperties\":{\"type\":\"number\"}}", "{\"a\":1}", "{\"a\":\"1\"}" },
    { "{\"properties\":{\"\\u0061\":false}}", "{\"b\":1}", "{\"a\":1}" },
    { "{\"minProperties\":1}", "{\"a\":1}", "{}" }, { "{\"dependentRequired\":{\"a\":[\"b\"]}}", "{\"b\":1}", "{\"a\":1}" },
    { "{\"dependentSchemas\":{\"a\":{\"required\":[\"b\"]}}}", "{\"a\":1,\"b\":1}", "{\"a\":1}" },
    { "{\"propertyNames\":{\"maxLength\":1}}", "{\"a\":1}", "{\"ab\":1}" }, { "{\"items\":{\"type\":\"number\"}}", "[1,2]", "[1,\"2\"]" },
    { "{\"prefixItems\":[{\"type\":\"string\"}],\"items\":false}", "[\"a\"]", "[\"a\",1]" },
    { "{\"items\":[{\"type\":\"string\"}],\"additionalItems\":{\"type\":\"null\"}}", "[\"a\",null]", "[\"a\",1]" },
    { "{\"contains\":{\"const\":1},\"minContains\":2}", "[1,2,1]", "[1]" }, { "{\"contains\":{\"const\":1},\"maxContains\":1}", "[1]", "[1,1]" },
    { "{\"maxItems\":1}", "[1]", "[1,2]" }, { "{\"uniqueItems\":true}", "[1,[1],\"1\",true]", "[{\"a\":1,\"b\":2},{\"b\":2,\"a\":1}]" },
    { "{\"allOf\":[{\"minimum\":1},{\"maximum\":2}]}", "2", "3" }, { "{\"anyOf\":[{\"minimum\":3},{\"type\":\"string\"}]}", "\"a\"", "2" },
    { "{\"oneOf\":[{\"minimum\":2},{\"maximum\":3}]}", "4", "2.5" }, { "{\"not\":{\"type\":\"null\"}}", "1", "null" },
    { "{\"if\":{\"minimum\":0},\"then\":{\"maximum\":9},\"else\":{\"maximum\":-9}}", "5", "-5" },
    { "{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"type\":\"string\"}}}", "\"x\"", "1" },
    { "{\"$defs\":{\"a/b~c%\":{\"minimum\":2}},\"$ref\":\"#/$defs/a~1b~0c%25\"}", "2", "1" },
    { "{\"properties\":{\"next\":{\"$ref\":\"#\"},\"v\":{\"type\":\"number\"}}}", "{\"next\":{\"next\":{\"v\":1}}}", "{\"next\":{\"next\":{\"v\":\"1\"}}}" },
    { "{\"$id\":\"http://a/b\",\"$ref\":\"http://a/b#/$defs/x\",\"$defs\":{\"x\":false}}", NULL, "1" },
    { "true", "1", NULL }, { "false", NULL, "1" }, { "{}", "1", NULL }, { "{\"minimum\":1}", "\"a\"", NULL },
#ifdef HAVE_PCRE2
    { "{\"pattern\":\"^a+$\"}", "\"aa\"", "\"aa\\n\"" }, { "{\"pattern\":\"\\\\u00e9\"}", "\"x\xC3\xA9\"", "\"e\"" },
    { "{\"patternProperties\":{\"^n\":{\"type\":\"number\"}},\"additionalProperties\":false}", "{\"na\":1}", "{\"a\":1}" },
    { "{\"pattern\":\"^\\\\d$\"}", "\"1\"", "\"\xD9\xA1\"" },
#endif
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    int yes = CASES[i].yes == NULL || fits(CASES[i].schema, CASES[i].yes) == SCHEMA_VALID;
    int no = CASES[i].no == NULL || fits(CASES[i].schema, CASES[i].no) == SCHEMA_INVALID;
    CHECK(yes && no);
    if (!yes || !no) printf("  %s\n", CASES[i].schema);
  }
}

static void a_schema_that_is_wrong_says_where(void) {
  SchemaRun r = { 0 };
  CHECK(result(&r, "{\"properties\":{\"a\":{\"minimum\":\"3\"}}}", "{\"a\":1}") == SCHEMA_BAD);
  CHECK(span_eq(buf_span(&r.pointer), span_str("/properties/a/minimum")));
  CHECK(span_eq(buf_span(&r.expected), span_str("expected a number")));
  CHECK(result(&r, "{\"$ref\":\"#/$defs/none\"}", "1") == SCHEMA_BAD && result(&r, "{\"type\":\"str\"}", "1") == SCHEMA_BAD);
  CHECK(result(&r, "{\"anyOf\":[{\"items\":3}]}", "[1]") == SCHEMA_BAD && result(&r, "3", "1") == SCHEMA_BAD);
#ifdef HAVE_PCRE2
  CHECK(result(&r, "{\"pattern\":\"(\"}", "\"a\"") == SCHEMA_BAD);
#endif
  schema_run_free(&r);
}

static void a_fault_says_where_and_what(void) {
  SchemaRun r = { 0 };
  CHECK(result(&r, "{\"properties\":{\"a\":{\"items\":{\"type\":\"string\"}}}}", "{\"a\":[\"x\",12]}") == SCHEMA_INVALID);
  CHECK(span_eq(buf_span(&r.pointer), span_str("/a/1")) && strcmp(r.keyword, "type") == 0);
  CHECK(span_eq(buf_span(&r.expected), span_str("type \"string\"")) && span_eq(buf_span(&r.found), span_str("number 12")));
  CHECK(result(&r, "{\"required\":[\"b\"]}", "{\"a\":1}") == SCHEMA_INVALID);
  CHECK(span_eq(buf_span(&r.expected), span_str("the member \"b\"")) && span_eq(buf_span(&r.found), span_str("object of 1")));
  CHECK(result(&r, "{\"oneOf\":[{},{}]}", "1") == SCHEMA_INVALID);
  CHECK(span_eq(buf_span(&r.expected), span_str("one of 2 schemas to fit, 2 do")));
  schema_run_free(&r);
}

static void keywords_that_are_not_checked_are_named_once(void) {
  SchemaRun r = { 0 };
  CHECK(result(&r, "{\"\":3}", "1") == SCHEMA_VALID && r.unchecked.len == 0);   /* one that has no name */
  CHECK(result(&r, "{\"title\":\"t\",\"x-a\":1,\"unevaluatedItems\":false,\"allOf\":[{\"unevaluatedItems\":1},{\"foo\":2},"
                   "{\"$ref\":\"other.json\"}],\"format\":\"date\"}", "1") == SCHEMA_VALID);
  CHECK(span_eq(buf_span(&r.unchecked), span_str("unevaluatedItems, foo, $ref to another document")));
  schema_run_free(&r);
}

static void schemas_without_an_end_have_one(void) {
  CHECK(fits("{\"$ref\":\"#\"}", "1") == SCHEMA_COSTLY);
  CHECK(fits("{\"allOf\":[{\"$ref\":\"#\"},{\"$ref\":\"#\"}]}", "1") == SCHEMA_COSTLY);
  CHECK(fits("{\"$defs\":{\"a\":{\"not\":{\"$ref\":\"#/$defs/b\"}},\"b\":{\"$ref\":\"#/$defs/a\"}},\"$ref\":\"#/$defs/a\"}", "1") == SCHEMA_COSTLY);
  CHECK(fits("{\"anyOf\":[{\"$ref\":\"#\"},{\"$ref\":\"#\"},{\"minimum\":2}]}", "1") == SCHEMA_COSTLY);
#ifdef HAVE_PCRE2
  CHECK(fits("{\"pattern\":\"^(a+)+$\"}", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"") == SCHEMA_COSTLY);
#endif
}

static const char *answer(const char *text, int prose) {
  static char out[128];
  Span s = answer_json(span_str(text), prose);
  memcpy(out, s.ptr, s.len);
  out[s.len] = '\0';
  return out;
}

/* n times `each` in `text`, %zu the place, between `before` and `after`. */
static char *many(const char *before, const char *each, size_t n, const char *after) {
  Buf b = { 0 };
  CHECK(buf_str(&b, before) == 0);
  for (size_t i = 0; i < n; i++) CHECK(buf_printf(&b, each, i) == 0 && buf_char(&b, i + 1 < n ? ',' : ' ') == 0);
  CHECK(buf_str(&b, after) == 0 && buf_char(&b, '\0') == 0);
  return b.ptr;
}

/* CPU seconds that 100,000 steps took; all of these ask for some 10^10. */
static double seconds_of(char *schema, char *value) {
  Tree s = tree_of(schema), v = tree_of(value);
  SchemaRun r = { .max_steps = 100000 };
  schema_prepare(&s, 0);
  clock_t from = clock();
  CHECK(schema_validate(&r, (Schema){ &s, 0 }, &v, 0) == SCHEMA_COSTLY && r.left <= 100000);
  double seconds = (double)(clock() - from) / CLOCKS_PER_SEC;
  schema_run_free(&r);
  tree_free(&s);
  tree_free(&v);
  free(schema);
  free(value);
  return seconds;
}

static void a_step_is_a_bounded_amount_of_work(void) {
  enum { N = 100000 };
  CHECK(seconds_of(strdup("{\"uniqueItems\":true}"), many("[", "%zu", N, "]")) < 2);
  CHECK(seconds_of(many("{\"properties\":{", "\"a%zu\":true", N, "}}"), many("{", "\"b%zu\":1", N, "}")) < 2);
  CHECK(seconds_of(many("{\"dependentRequired\":{", "\"a%zu\":[]", N, "}}"), many("{", "\"b%zu\":1", N, "}")) < 2);
  CHECK(seconds_of(many("{\"additionalProperties\":true,", "\"x-%zu\":1", N, "}"), many("{", "\"b%zu\":1", N, "}")) < 2);
  CHECK(seconds_of(many("{\"items\":{\"type\":[", "\"null\"", N, ",\"integer\"]}}"), many("[", "%zu", N, "]")) < 2);
  CHECK(seconds_of(many("{\"allOf\":[", "{\"minLength\":1}", N, "]}"), many("\"", "%zu", N, "\"")) < 2);
}

static void the_json_of_an_answer_is_found(void) {
  CHECK(strcmp(answer(" \n{\"a\": 1}\n", 0), "{\"a\": 1}") == 0);
  CHECK(strcmp(answer("Here:\n```json\n[1]\n```\nDone.", 0), "[1]") == 0);
  CHECK(strcmp(answer("```python\nx = {}\n```\n```\n{}\n```", 0), "{}") == 0);
  CHECK(strcmp(answer("```\n{\"b\":1}\n```\n~~~ JSON\n{}\n~~~", 0), "{}") == 0);
  CHECK(strcmp(answer("```json\n{\"a\":", 0), "{\"a\":") == 0);
  CHECK(strcmp(answer("So it is {\"a\": \"}\"} and {}.", 0), "So it is {\"a\": \"}\"} and {}.") == 0);
  CHECK(strcmp(answer("So it is {\"a\": \"}\"} and {}.", 1), "{\"a\": \"}\"}") == 0);
  CHECK(strcmp(answer("none", 1), "none") == 0 && strcmp(answer("", 1), "") == 0);
}

int main(void) {
  RUN(a_tree_has_each_value_before_those_inside);
  RUN(places_are_written_as_pointers_and_as_paths);
  RUN(a_path_leads_to_every_element);
  RUN(values_fit_as_the_specification_says);
  RUN(a_schema_that_is_wrong_says_where);
  RUN(a_fault_says_where_and_what);
  RUN(keywords_that_are_not_checked_are_named_once);
  RUN(schemas_without_an_end_have_one);
  RUN(a_step_is_a_bounded_amount_of_work);
  RUN(the_json_of_an_answer_is_found);
  return check_done();
}
