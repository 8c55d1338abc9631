/* tests/test_row.c - fields, strings, paths and keys of one row, edits among them. */
#include "corpus/row.h"

#include "tests/check.h"
#include "tests/fixture.h"

static const char *const ROWS[] = {
  "{\"id\": \"A-7\", \"input\": \"plain\", \"output\": \"say \\\"hi\\\"\\n\\u00e9\", \"tags\": [\"x\", {\"deep\": \"y\\\\z\"}],"
  " \"metadata\": {\"queue\": \"billing\", \"n\": 12345678901234567, \"big\": 1e400, \"long\": 123456789012345678901234567890,"
  " \"yes\": true, \"none\": null}, \"a.b\": 5}",
  "{\"system\": \"be\", \"input\": \"\", \"output\": \"o\", \"alternative\": \"\\u0000\"}",
  "{\"input\": \"broken\"",
};

static View *view;

static View *make(void) {
  Corpus *c = fixture_corpus(ROWS, 3);
  c->id_path = strdup("id");
  c->sources[0].kind = strdup("expert");
  c->sources[0].attr = calloc(1, sizeof(SourceAttr));
  c->sources[0].attr[0] = (SourceAttr){ strdup("team"), strdup("red") };
  c->sources[0].nattr = 1;
  View *v = view_new(c);
  corpus_unref(c);
  return v;
}

static int is(Span got, const char *wanted) {
  if (got.ptr != NULL && span_eq(got, span_str(wanted))) return 1;
  printf("got \"%.*s\"\n", (int)got.len, got.ptr == NULL ? "" : got.ptr);
  return 0;
}

static void a_field_without_an_escape_is_read_in_place(void) {
  Scratch *s = scratch_new(3);
  Row r = scratch_begin(s, view, 0);
  Span line = row_bytes(&r), text = row_field(&r, FIELD_INPUT);
  CHECK(is(text, "plain") && line.ptr < text.ptr && text.ptr < line.ptr + line.len);
  CHECK(scratch_worker(s) == 3);
  scratch_free(s);
}

static void an_escaped_field_is_decoded_once(void) {
  Scratch *s = scratch_new(0);
  Row r = scratch_begin(s, view, 0);
  Span text = row_field(&r, FIELD_OUTPUT);
  CHECK(is(text, "say \"hi\"\n\xC3\xA9"));
  CHECK(row_field(&r, FIELD_OUTPUT).ptr == text.ptr);
  CHECK(is(row_field(&r, FIELD_ASSISTANT), "say \"hi\"\n\xC3\xA9"));
  scratch_free(s);
}

static void a_field_that_the_row_lacks_is_no_empty_one(void) {
  Scratch *s = scratch_new(0);
  Row r = scratch_begin(s, view, 0);
  CHECK(row_field(&r, FIELD_SYSTEM).ptr == NULL && row_field(&r, FIELD_NONE).ptr == NULL);
  r = scratch_begin(s, view, 1);
  Span input = row_field(&r, FIELD_INPUT), nul = row_field(&r, FIELD_ALTERNATIVE);
  CHECK(input.ptr != NULL && input.len == 0 && nul.len == 1 && nul.ptr[0] == '\0');
  scratch_free(s);
}

static void every_string_but_the_id_is_a_string_of_the_row(void) {
  static const struct { const char *text, *path; Field field; } WANTED[] = {
    { "plain", "input", FIELD_INPUT }, { "say \"hi\"\n\xC3\xA9", "output", FIELD_OUTPUT },
    { "x", "tags[0]", FIELD_NONE }, { "y\\z", "tags[1].deep", FIELD_NONE }, { "billing", "metadata.queue", FIELD_NONE },
  };
  Scratch *s = scratch_new(0);
  Row r = scratch_begin(s, view, 0);
  const RowString *string;
  size_t n = row_strings(&r, &string);
  CHECK(n == 5);
  for (size_t i = 0; i < n && i < 5; i++) {
    Buf path = { 0 };
    CHECK(is(string[i].text, WANTED[i].text) && string[i].field == WANTED[i].field);
    CHECK(row_string_path(&r, string[i].start, &path) == 0 && is(buf_span(&path), WANTED[i].path));
    buf_free(&path);
  }
  scratch_free(s);
}

static void paths_give_exact_numbers(void) {
  Scratch *s = scratch_new(0);
  Row r = scratch_begin(s, view, 0);
  CHECK(row_path(&r, span_str("metadata.n")).integer == 12345678901234567);
  CHECK(row_path(&r, span_str("metadata.long")).type == VALUE_DOUBLE && row_path(&r, span_str("metadata.long")).number == 123456789012345678901234567890.0);
  CHECK(row_path(&r, span_str("metadata.big")).number > 1.7e308);
  CHECK(row_path(&r, span_str("metadata.yes")).type == VALUE_BOOL && row_path(&r, span_str("metadata.none")).type == VALUE_NONE);
  CHECK(row_path(&r, span_str("metadata")).type == VALUE_NONE && row_path(&r, span_str("nowhere")).type == VALUE_NONE);
  CHECK(is(row_path(&r, span_str("tags[1].deep")).text, "y\\z") && row_path(&r, span_str("a.b")).integer == 5);
  scratch_free(s);
}

/* Names before, between and behind the long strings, twice, escaped, as values; against the plain walk. */
static void a_member_is_found_without_reading_the_strings_of_the_format(void) {
  static const char *const LINES[] = {
    "{\"topic\":\"a\",\"input\":\"i \\\"topic\\\":9 }\",\"output\":\"o\",\"n\":4}",
    "{\"input\":\"topic\",\"output\":\"\\\\\",\"topic\":[1,{\"topic\":2}],\"n\":\"x\\ny\"}",
    " { \"n\" : 1 , \"input\" : \"\" , \"n\" : 2.5 , \"output\" : \"o\" , \"topic\" : true } ",
    "{\"input\":\"a\",\"output\":\"b\",\"t\\u006fpic\":\"escaped\",\"n\":null}",
    "{\"input\":\"a\",\"output\":\"b\"}", "{}", " { } ",
  };
  static const char *const NAMES[] = { "topic", "n", "input", "output", "nowhere" };
  Corpus *c = fixture_corpus(LINES, sizeof LINES / sizeof LINES[0]);
  View *v = view_new(c);
  Scratch *s = scratch_new(0);
  for (uint32_t i = 0; i < c->nrows; i++) {
    for (size_t k = 0; k < sizeof NAMES / sizeof NAMES[0]; k++) {
      Row r = scratch_begin(s, v, i);
      JsonValue root = json_value(span_str(LINES[i])), want = json_path(&root, span_str(NAMES[k]));
      Value got = row_path(&r, span_str(NAMES[k]));
      CHECK((got.type == VALUE_STRING) == (want.kind == JSON_STRING));
      CHECK((got.type == VALUE_BOOL) == (want.kind == JSON_TRUE || want.kind == JSON_FALSE));
      CHECK((got.type == VALUE_INT || got.type == VALUE_DOUBLE) == (want.kind == JSON_NUMBER));
      if (want.kind == JSON_STRING) {
        char text[64];
        CHECK(span_eq(got.text, span_of(text, json_decode(want.raw, text))));
      }
      if (want.kind == JSON_NUMBER)
        CHECK((got.type == VALUE_INT ? (double)got.integer : got.number) == strtod(want.raw.ptr, NULL));
    }
  }
  scratch_free(s);
  view_unref(v);
  corpus_unref(c);
}

static void a_key_is_an_annotation_then_a_path_then_an_attribute(void) {
  Error err;
  uint32_t ids[3] = { names_intern(view->corpus->names, span_str("noted")), 0, 0 };
  View *w = view_annotate(view, span_str("metadata.queue"), ids, &err);
  Scratch *s = scratch_new(0);
  Row r = scratch_begin(s, w, 0);
  CHECK(is(row_key(&r, span_str("metadata.queue")).text, "noted"));
  CHECK(is(row_key(&r, span_str("input")).text, "plain"));
  CHECK(is(row_key(&r, span_str("kind")).text, "expert") && is(row_key(&r, span_str("team")).text, "red"));
  CHECK(row_key(&r, span_str("generator")).type == VALUE_NONE);
  r = scratch_begin(s, w, 2);   /* broken JSON: no path, but an attribute */
  CHECK(row_key(&r, span_str("input")).type == VALUE_NONE && is(row_key(&r, span_str("team")).text, "red"));
  const RowString *string;
  CHECK(row_strings(&r, &string) == 0);
  scratch_free(s);
  view_unref(w);
}

static void an_edit_is_seen_by_fields_strings_and_paths(void) {
  Scratch *s = scratch_new(0);
  Row r = scratch_begin(s, view, 0);
  const RowString *string;
  CHECK(row_strings(&r, &string) == 5 && is(row_field(&r, FIELD_OUTPUT), "say \"hi\"\n\xC3\xA9"));
  CHECK(row_edit(&r, string[1].start, span_str("new \"text\"")) == 0);
  CHECK(row_edit(&r, string[4].start, span_str("sales")) == 0);
  CHECK(is(row_field(&r, FIELD_OUTPUT), "new \"text\"") && is(string[1].text, "new \"text\""));
  CHECK(is(row_path(&r, span_str("metadata.queue")).text, "sales"));
  CHECK(row_edit(&r, string[1].start, span_str("")) == 0);
  CHECK(row_field(&r, FIELD_OUTPUT).ptr != NULL && row_field(&r, FIELD_OUTPUT).len == 0);
  CHECK(row_edit(&r, 3, span_str("no string starts there")) == -1);
  r = scratch_begin(s, view, 0);
  CHECK(is(row_field(&r, FIELD_OUTPUT), "say \"hi\"\n\xC3\xA9"));   /* the view knows nothing of it */
  scratch_free(s);
}

static void strings_of_one_field_are_joined_by_line_feeds(void) {
  static const char *const LINES[] = { "{\"input\": \"a\", \"output\": \"b\\tc\"}" };
  Corpus *c = fixture_corpus(LINES, 1);
  c->strings[0].field = FIELD_OUTPUT;   /* as if both were parts of the answer */
  View *v = view_new(c);
  Scratch *s = scratch_new(0);
  Row r = scratch_begin(s, v, 0);
  CHECK(is(row_field(&r, FIELD_OUTPUT), "a\nb\tc"));
  RowString two[2];
  CHECK(row_field_strings(&r, FIELD_OUTPUT, two, 1) == 2 && is(two[0].text, "a"));
  CHECK(row_edit(&r, two[0].start, span_str("longer than before")) == 0);
  CHECK(is(row_field(&r, FIELD_OUTPUT), "longer than before\nb\tc"));
  scratch_free(s);
  view_unref(v);
  corpus_unref(c);
}

static void room_of_a_scratch_grows_and_is_reused(void) {
  Scratch *s = scratch_new(0);
  for (uint32_t row = 0; row < 2; row++) {
    scratch_begin(s, view, row);
    for (size_t len = 1; len < 3000000; len *= 3) {
      char *p = scratch_room(s, len);
      CHECK(p != NULL);
      memset(p, 1, len);
    }
  }
  CHECK(!scratch_failed(s));
  scratch_free(s);
}

int main(void) {
  view = make();
  RUN(a_field_without_an_escape_is_read_in_place);
  RUN(an_escaped_field_is_decoded_once);
  RUN(a_field_that_the_row_lacks_is_no_empty_one);
  RUN(every_string_but_the_id_is_a_string_of_the_row);
  RUN(paths_give_exact_numbers);
  RUN(a_member_is_found_without_reading_the_strings_of_the_format);
  RUN(a_key_is_an_annotation_then_a_path_then_an_attribute);
  RUN(an_edit_is_seen_by_fields_strings_and_paths);
  RUN(strings_of_one_field_are_joined_by_line_feeds);
  RUN(room_of_a_scratch_grows_and_is_reused);
  view_unref(view);
  return check_done();
}
