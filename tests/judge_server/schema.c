/* schema.c - which schemas a provider takes, and a value that fits one.
** Anthropic: the subset of its structured outputs (SDK, lib/_parse/_transform.py). OpenAI: strict mode. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/json_out.h"
#include "server.h"

enum { DEPTH = 5 };   /* OpenAI: levels of objects */

static Span S(const char *s) { return span_str(s); }

static int one_of(const JsonValue *key, const char *const *list) {
  for (; *list != NULL; list++)
    if (json_string_is(key, S(*list))) return 1;
  return 0;
}

static int check(Dialect d, const JsonValue *v, int depth, Buf *why);

static int check_each(Dialect d, const JsonValue *container, int depth, Buf *why) {
  JsonValue v;
  for (JsonIter it = json_iter(container); json_next(&it, NULL, &v);)
    if (check(d, &v, depth, why) != 0) return -1;
  return 0;
}

static int required_all(const JsonValue *schema, Buf *why) {
  JsonValue properties = json_get(schema, S("properties")), required = json_get(schema, S("required")), key, v, r;
  for (JsonIter it = json_iter(&properties); json_next(&it, &key, &v);) {
    int found = 0;
    for (JsonIter rt = json_iter(&required); json_next(&rt, NULL, &r);) found |= span_eq(r.raw, key.raw);
    if (found) continue;
    buf_printf(why, "In context=(), 'required' is required to be supplied and to be an array including every key in "
               "properties. Missing '%.*s'.", (int)key.raw.len, key.raw.ptr);
    return -1;
  }
  return 0;
}

static int check_keywords(Dialect d, const JsonValue *schema, const char *type, Buf *why) {
  static const char *const REFUSED_A[] = { "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    "minLength", "maxLength", "pattern", "maxItems", "uniqueItems", "minProperties", "maxProperties", NULL };
  static const char *const REFUSED_O[] = { "default", "allOf", "not", "if", "then", "else", "dependentRequired", NULL };
  JsonValue key, v;
  for (JsonIter it = json_iter(schema); json_next(&it, &key, &v);) {
    if (d == ANTHROPIC && one_of(&key, REFUSED_A)) {
      buf_printf(why, "For '%s' type, property '%.*s' is not supported", type, (int)key.raw.len, key.raw.ptr);
      return -1;
    }
    if (d == OPENAI && one_of(&key, REFUSED_O)) {
      buf_printf(why, "In context=(), '%.*s' is not permitted.", (int)key.raw.len, key.raw.ptr);
      return -1;
    }
  }
  v = json_get(schema, S("minItems"));
  if (d == ANTHROPIC && v.kind == JSON_NUMBER && atoi(v.raw.ptr) > 1) {
    buf_str(why, "For 'array' type, 'minItems' values other than 0 or 1 are not supported");
    return -1;
  }
  return 0;
}

static int check(Dialect d, const JsonValue *v, int depth, Buf *why) {
  if (v->kind != JSON_OBJECT) {
    buf_str(why, "a schema must be an object");
    return -1;
  }
  JsonValue type = json_get(v, S("type")), part;
  int object = json_string_is(&type, S("object")) && type.kind == JSON_STRING;
  if (object && depth > (d == ANTHROPIC ? 20 : DEPTH)) {
    buf_printf(why, "%d levels of nesting exceeds limit of %d.", depth, DEPTH);
    return -1;
  }
  char name[32] = "any";
  if (type.kind == JSON_STRING) snprintf(name, sizeof name, "%.*s", (int)type.raw.len, type.raw.ptr);
  if (check_keywords(d, v, name, why) != 0) return -1;
  if (object && json_get(v, S("additionalProperties")).kind != JSON_FALSE) {
    buf_str(why, d == ANTHROPIC ? "For 'object' type, 'additionalProperties' must be explicitly set to false" :
            "In context=(), 'additionalProperties' is required to be supplied and to be false.");
    return -1;
  }
  if (object && d == OPENAI && required_all(v, why) != 0) return -1;
  static const char *const MAPS[] = { "properties", "$defs", "definitions", NULL }, *const LISTS[] = { "anyOf", NULL };
  for (int i = 0; MAPS[i] != NULL; i++) {
    part = json_get(v, S(MAPS[i]));
    if (check_each(d, &part, depth + (i == 0), why) != 0) return -1;
  }
  part = json_get(v, S(LISTS[0]));
  if (check_each(d, &part, depth, why) != 0) return -1;
  part = json_get(v, S("items"));
  return part.kind == JSON_NONE ? 0 : check(d, &part, depth, why);
}

int schema_check(Dialect d, const JsonValue *schema, Buf *why) {
  if (d != ANTHROPIC && d != OPENAI) return 0;
  if (check(d, schema, 1, why) != 0) return -1;
  JsonValue type = json_get(schema, S("type"));
  if (type.kind == JSON_STRING && json_string_is(&type, S("object"))) return 0;
  if (d == ANTHROPIC) return 0;
  buf_str(why, "schema must be a JSON Schema of 'type: \"object\"'");
  return -1;
}

/* ---- a value that fits ---- */

typedef struct Fill { Server *s; const Ask *a; const JsonValue *root; double mean; int one; } Fill;

static int fill(const Fill *f, const JsonValue *schema, Span key, int depth, Buf *out);

static double value_for(const Fill *f, Span key) {
  if (!span_eq(key, S("overall"))) return ask_score(f->s, f->a, key);
  Span args = f->a->scores, w;
  while (args.ptr != NULL && (w = word_next(&args)).len > 0)
    if (w.len > 8 && memcmp(w.ptr, "overall=", 8) == 0) return strtod(w.ptr + 8, NULL);
  return f->mean;
}

static int flag_for(const Fill *f, Span key) {
  Span args = f->a->scores, w;
  if (!span_eq(key, S("exclude"))) return 0;
  while (args.ptr != NULL && (w = word_next(&args)).len > 0)
    if (w.len > 8 && memcmp(w.ptr, "exclude=", 8) == 0) return w.ptr[8] == 't';
  return f->one || f->mean < 3;
}

static int put_value(const JsonValue *v, Buf *out) {
  int quoted = v->kind == JSON_STRING, bad = quoted ? buf_char(out, '"') : 0;
  bad |= buf_add(out, v->raw.ptr, v->raw.len);
  return quoted ? bad | buf_char(out, '"') : bad;
}

static int fill_enum(const Fill *f, const JsonValue *list, Span key, Buf *out) {
  JsonValue v, best = { 0 };
  double want = value_for(f, key), off = INFINITY;
  for (JsonIter it = json_iter(list); json_next(&it, NULL, &v);) {
    double d = v.kind == JSON_NUMBER ? fabs(strtod(v.raw.ptr, NULL) - want) : 1e9;
    if (d < off || best.kind == JSON_NONE) {
      best = v;
      off = d;
    }
  }
  return put_value(&best, out);
}

static double clamp(const JsonValue *schema, double v) {
  JsonValue low = json_get(schema, S("minimum")), high = json_get(schema, S("maximum"));
  if (low.kind == JSON_NUMBER && v < strtod(low.raw.ptr, NULL)) v = strtod(low.raw.ptr, NULL);
  if (high.kind == JSON_NUMBER && v > strtod(high.raw.ptr, NULL)) v = strtod(high.raw.ptr, NULL);
  return v;
}

static int fill_string(const Fill *f, Span key, Buf *out) {
  if (span_eq(key, S("id"))) return json_out_string(out, f->a->id.ptr ? f->a->id : S("none"));
  return buf_printf(out, "\"The answer has %zu bytes and was judged by rule.\"", f->a->row.len);
}

static int fill_object(const Fill *f, const JsonValue *schema, int depth, Buf *out) {
  JsonValue properties = json_get(schema, S("properties")), key, v;
  int n = 0, bad = buf_char(out, '{');
  for (JsonIter it = json_iter(&properties); json_next(&it, &key, &v);) {
    if (n++ > 0) bad |= buf_char(out, ',');
    bad |= buf_char(out, '"') | buf_add(out, key.raw.ptr, key.raw.len) | buf_str(out, "\":");
    bad |= fill(f, &v, key.raw, depth + 1, out);
  }
  return bad | buf_char(out, '}');
}

static JsonValue follow(const Fill *f, const JsonValue *schema) {
  JsonValue ref = json_get(schema, S("$ref")), any = json_get(schema, S("anyOf")), v;
  if (ref.kind == JSON_STRING && ref.raw.len > 8 && memcmp(ref.raw.ptr, "#/$defs/", 8) == 0) {
    JsonValue defs = json_get(f->root, S("$defs"));
    return json_get(&defs, span_of(ref.raw.ptr + 8, ref.raw.len - 8));
  }
  JsonIter it = json_iter(&any);
  return json_next(&it, NULL, &v) ? v : *schema;
}

static int fill(const Fill *f, const JsonValue *schema, Span key, int depth, Buf *out) {
  if (depth > 30) return buf_str(out, "null");
  JsonValue here = follow(f, schema), list = json_get(&here, S("enum")), type = json_get(&here, S("type")), v;
  if (list.kind == JSON_ARRAY) return fill_enum(f, &list, key, out);
  if ((v = json_get(&here, S("const"))).kind != JSON_NONE) return put_value(&v, out);
  if (type.kind == JSON_ARRAY) {
    JsonIter it = json_iter(&type);
    if (!json_next(&it, NULL, &type)) return buf_str(out, "null");
  }
  if (json_string_is(&type, S("integer"))) return buf_printf(out, "%.0f", round(clamp(&here, value_for(f, key))));
  if (json_string_is(&type, S("number"))) return buf_printf(out, "%.2f", clamp(&here, value_for(f, key)));
  if (json_string_is(&type, S("boolean"))) return buf_str(out, flag_for(f, key) ? "true" : "false");
  if (json_string_is(&type, S("string"))) return fill_string(f, key, out);
  if (json_string_is(&type, S("array"))) return buf_str(out, "[]");
  if (json_string_is(&type, S("null"))) return buf_str(out, "null");
  return fill_object(f, &here, depth, out);
}

/* Is it a dimension of the rubric: an integer, or an enumeration of numbers? */
static int is_dimension(const JsonValue *schema) {
  JsonValue type = json_get(schema, S("type")), list = json_get(schema, S("enum")), v;
  if (type.kind == JSON_STRING && json_string_is(&type, S("integer"))) return 1;
  JsonIter it = json_iter(&list);
  return json_next(&it, NULL, &v) && v.kind == JSON_NUMBER;
}

int schema_fill(Server *s, const Ask *a, const JsonValue *schema, Buf *out) {
  Fill f = { .s = s, .a = a, .root = schema };
  JsonValue properties = json_get(schema, S("properties")), key, v;
  double sum = 0;
  int n = 0;
  for (JsonIter it = json_iter(&properties); json_next(&it, &key, &v);) {
    if (!is_dimension(&v) || span_eq(key.raw, S("overall"))) continue;
    double score = ask_score(s, a, key.raw);
    sum += score;
    f.one |= score <= 1;
    n++;
  }
  f.mean = n > 0 ? sum / n : 0;
  return fill(&f, schema, S(""), 0, out);
}
