/* batch_openai.c - OpenAI's Files and Batches (openai-python, types/batch.py, types/file_object.py). */
#include <stdio.h>
#include <stdlib.h>

#include "batch.h"
#include "core/json_out.h"

enum { LINES_MAX = 50000, FILE_MAX = 200 << 20 };

static Span S(const char *s) { return span_str(s); }

#define BAD(param, ...) (api_error(s, OPENAI, p, 400, "invalid_request_error", NULL, param, __VA_ARGS__), -1)

/* ---- files ---- */

static File *file_new(Server *s, const char *purpose, const char *name) {
  File *f = calloc(1, sizeof *f);
  if (f == NULL) abort();
  f->next = s->files;
  f->created = time(NULL);
  snprintf(f->purpose, sizeof f->purpose, "%s", purpose);
  snprintf(f->name, sizeof f->name, "%s", name);
  request_id(s, "file-", f->id);
  return s->files = f;
}

static File *file_find(Server *s, Span id) {
  File *f = s->files;
  while (f != NULL && !span_eq(id, S(f->id))) f = f->next;
  return f;
}

static void put_file(const File *f, Buf *o) {
  buf_printf(o, "{\"object\":\"file\",\"id\":\"%s\",\"purpose\":\"%s\",\"filename\":", f->id, f->purpose);
  json_out_string(o, S(f->name));
  buf_printf(o,
             ",\"bytes\":%zu,\"created_at\":%lld,\"expires_at\":null,\"status\":\"processed\",\"status_details\":null}",
             f->bytes.len, (long long)f->created);
}

/* name="VALUE" in a part's head. */
static Span part_word(Span head, const char *name) {
  char key[32];
  int n = snprintf(key, sizeof key, "%s=\"", name);
  const char *at = memmem(head.ptr, head.len, key, (size_t)n);
  if (at == NULL) return (Span){ 0 };
  at += n;
  const char *end = memchr(at, '"', (size_t)(head.ptr + head.len - at));
  return end ? span_of(at, (size_t)(end - at)) : (Span){ 0 };
}

/* The next part of a multipart/form-data body (RFC 7578) behind *at. */
static int next_part(Span body, Span boundary, size_t *at, Span *head, Span *content) {
  const char *end = body.ptr + body.len, *p = memmem(body.ptr + *at, body.len - *at, boundary.ptr, boundary.len);
  if (p == NULL || end - (p += boundary.len) < 2 || memcmp(p, "--", 2) == 0) return 0;
  p += 2;
  const char *blank = memmem(p, (size_t)(end - p), "\r\n\r\n", 4);
  if (blank == NULL) return 0;
  const char *stop = memmem(blank + 4, (size_t)(end - blank - 4), boundary.ptr, boundary.len);
  if (stop == NULL || stop - blank - 4 < 2) return 0;
  *head = span_of(p, (size_t)(blank - p));
  *content = span_of(blank + 4, (size_t)(stop - blank - 4) - 2);   /* without the line break of the boundary */
  *at = (size_t)(stop - body.ptr);
  return 1;
}

static void upload(Server *s, const Request *r, Reply *p) {
  Span type = request_header(r, "content-type"), head, content, file = { 0 }, name = { 0 }, purpose = { 0 };
  const char *b = type.ptr != NULL ? memmem(type.ptr, type.len, "boundary=", 9) : NULL;
  char line[128];
  if (b == NULL) {
    (void)BAD(NULL, "Could not parse multipart form");
    return;
  }
  Span word = span_of(b + 9, (size_t)(type.ptr + type.len - b - 9));
  if (word.len > 2 && word.ptr[0] == '"') word = span_of(word.ptr + 1, word.len - 2);
  snprintf(line, sizeof line, "--%.*s", word.len < 120 ? (int)word.len : 120, word.ptr);
  for (size_t at = 0; next_part(r->body, S(line), &at, &head, &content);) {
    Span field = part_word(head, "name");
    if (field.ptr != NULL && span_eq(field, S("file"))) {
      file = content;
      name = part_word(head, "filename");
    } else if (field.ptr != NULL && span_eq(field, S("purpose"))) purpose = content;
  }
  if (file.ptr == NULL || name.ptr == NULL) (void)BAD("file", "'file' is a required property");
  else if (purpose.ptr == NULL || purpose.len > 31) (void)BAD("purpose", "'purpose' is a required property");
  else if (file.len > FILE_MAX) (void)BAD("file", "the file is larger than 200 MB");
  else {
    char why[32], called[80];
    snprintf(why, sizeof why, "%.*s", (int)purpose.len, purpose.ptr);
    snprintf(called, sizeof called, "%.*s", name.len < 79 ? (int)name.len : 79, name.ptr);
    File *f = file_new(s, why, called);
    buf_add(&f->bytes, file.ptr, file.len);
    put_file(f, &p->body);
  }
}

static void drop_file(Server *s, File *f, Reply *p) {
  File **at = &s->files;
  while (*at != f) at = &(*at)->next;
  *at = f->next;
  buf_printf(&p->body, "{\"id\":\"%s\",\"object\":\"file\",\"deleted\":true}", f->id);
  buf_free(&f->bytes);
  free(f);
}

static void list_files(Server *s, Reply *p) {
  buf_str(&p->body, "{\"object\":\"list\",\"data\":[");
  for (const File *f = s->files; f != NULL; f = f->next) {
    if (f != s->files) buf_char(&p->body, ',');
    put_file(f, &p->body);
  }
  buf_str(&p->body, "],\"has_more\":false}");
}

static void files(Server *s, const Request *r, Span id, Span verb, Reply *p) {
  int get = span_eq(r->method, S("GET"));
  File *f = file_find(s, id);
  if (id.len == 0 && !get) upload(s, r, p);
  else if (id.len == 0) list_files(s, p);
  else if (f == NULL) api_error(s, OPENAI, p, 404, "invalid_request_error", NULL, "id", "No such File object: %.*s",
                                (int)id.len, id.ptr);
  else if (span_eq(r->method, S("DELETE"))) drop_file(s, f, p);
  else if (span_eq(verb, S("content"))) {
    p->type = "application/octet-stream";
    buf_add(&p->body, f->bytes.ptr ? f->bytes.ptr : "", f->bytes.len);
  } else put_file(f, &p->body);
}

/* ---- batches ---- */

static void put_line(Server *s, Batch *b, Span custom_id, int how, int status, Span json) {
  Buf *o = how == ROW_SUCCEEDED ? &b->results : &b->errors;
  char id[40], request[40];
  request_id(s, "batch_req_", id);
  request_id(s, "req_", request);
  buf_printf(o, "{\"id\":\"%s\",\"custom_id\":", id);
  json_out_string(o, custom_id);
  if (how <= ROW_ERRORED) {
    buf_printf(o, ",\"response\":{\"status_code\":%d,\"request_id\":\"%s\",\"body\":", status, request);
    if (json.len > 0 && json.ptr[0] == '{') buf_add(o, json.ptr, json.len);
    else json_out_string(o, json);   /* what a proxy sent instead */
    buf_str(o, "},\"error\":null}\n");
  } else
    buf_printf(o,
               ",\"response\":null,\"error\":{\"code\":\"%s\",\"message\":\"This request could not be executed before "
               "the %s.\"}}\n",
               how == ROW_EXPIRED ? "batch_expired" : "batch_cancelled",
               how == ROW_EXPIRED ? "completion window expired" : "batch was cancelled");
}

static void file_of(Server *s, const Buf *bytes, const char *what, char id[40]) {
  if (bytes->len == 0 || id[0] != '\0') return;
  File *f = file_new(s, "batch_output", what);
  buf_add(&f->bytes, bytes->ptr, bytes->len);
  snprintf(id, 40, "%s", f->id);
}

static const char *state_name(const Batch *b) {
  switch (b->state) {
    case BATCH_RUNNING: return b->polls == 0 ? "validating" : "in_progress";
    case BATCH_CANCELING: return "cancelling";
    case BATCH_FAILED: return "failed";
    default: return b->canceled ? "cancelled" : b->expired ? "expired" : "completed";
  }
}

static void put_id(Buf *o, const char *name, const char *id) {
  if (id[0] != '\0') buf_printf(o, ",\"%s\":\"%s\"", name, id);
  else buf_printf(o, ",\"%s\":null", name);
}

static void put_stamp(Buf *o, const char *name, time_t at, int there) {
  if (there && at != 0) buf_printf(o, ",\"%s\":%lld", name, (long long)at);
  else buf_printf(o, ",\"%s\":null", name);
}

static void put_usage(const Usage *u, Buf *o) {
  buf_printf(o,
             ",\"usage\":{\"input_tokens\":%llu,\"input_tokens_details\":{\"cached_tokens\":%llu},\"output_tokens\":%"
             "llu,"
             "\"output_tokens_details\":{\"reasoning_tokens\":%llu},\"total_tokens\":%llu}",
             (unsigned long long)(u->input + u->read), (unsigned long long)u->read, (unsigned long long)u->output,
             (unsigned long long)u->reasoning, (unsigned long long)(u->input + u->read + u->output));
}

static void put_batch(const Batch *b, Buf *o) {
  int ended = b->state == BATCH_ENDED;
  buf_printf(o, "{\"id\":\"%s\",\"object\":\"batch\",\"endpoint\":\"%s\",\"errors\":", b->id, b->endpoint);
  if (b->state == BATCH_FAILED)
    buf_printf(o, "{\"object\":\"list\",\"data\":[%.*s]}", (int)b->errors.len, b->errors.ptr);
  else buf_str(o, "null");
  buf_printf(o, ",\"input_file_id\":\"%s\",\"completion_window\":\"24h\",\"status\":\"%s\"", b->input_file,
             state_name(b));
  put_id(o, "output_file_id", b->output_file);
  put_id(o, "error_file_id", b->error_file);
  buf_printf(o, ",\"created_at\":%lld", (long long)b->created);
  put_stamp(o, "in_progress_at", b->created, b->polls > 0 && b->state != BATCH_FAILED);
  buf_printf(o, ",\"expires_at\":%lld", (long long)b->created + 86400);
  put_stamp(o, "finalizing_at", b->ended, ended);
  put_stamp(o, "completed_at", b->ended, ended && !b->canceled && !b->expired);
  put_stamp(o, "failed_at", b->ended, b->state == BATCH_FAILED);
  put_stamp(o, "expired_at", b->ended, ended && b->expired);
  put_stamp(o, "cancelling_at", b->cancel_at, b->canceled);
  put_stamp(o, "cancelled_at", b->ended, ended && b->canceled);
  buf_printf(o, ",\"request_counts\":{\"total\":%zu,\"completed\":%zu,\"failed\":%zu}", b->n, b->count[ROW_SUCCEEDED],
             b->count[ROW_ERRORED] + b->count[ROW_EXPIRED]);
  if (ended) put_usage(&b->usage, o);
  buf_printf(o, ",\"metadata\":%.*s}", b->metadata.len ? (int)b->metadata.len : 4,
             b->metadata.len ? b->metadata.ptr : "null");
}

static void fault_line(Batch *b, const char *code, const char *message, size_t line) {
  b->state = BATCH_FAILED;
  b->ended = time(NULL);
  buf_printf(&b->errors, "%s{\"code\":\"%s\",\"message\":\"%s\",\"param\":null,\"line\":", b->errors.len ? "," : "",
             code, message);
  if (line > 0) buf_printf(&b->errors, "%zu}", line);
  else buf_str(&b->errors, "null}");
}

static void read_line(Server *s, Batch *b, Span text, size_t line) {
  if (json_check(&s->doc, text, 0) != JSON_OK || s->doc.root.kind != JSON_OBJECT) {
    fault_line(b, "invalid_json_line", "This line is not parseable as valid JSON.", line);
    return;
  }
  const JsonValue *root = &s->doc.root;
  JsonValue id = json_get(root, S("custom_id")), method = json_get(root, S("method")), url = json_get(root, S("url"));
  JsonValue body = json_get(root, S("body"));
  if (id.kind != JSON_STRING)
    fault_line(b, "missing_required_parameter", "Missing required parameter: 'custom_id'.", line);
  else if (method.kind != JSON_STRING || !json_string_is(&method, S("POST")))
    fault_line(b, "invalid_method", "The HTTP method provided is invalid.", line);
  else if (url.kind != JSON_STRING || !json_string_is(&url, S(b->endpoint)))
    fault_line(b, "invalid_url", "The URL provided for this request does not match the batch endpoint.", line);
  else if (body.kind != JSON_OBJECT)
    fault_line(b, "missing_required_parameter", "Missing required parameter: 'body'.", line);
  else batch_add(b, id.raw, body.raw);
}

/* The file is judged after the batch was taken, as it is at OpenAI. */
static void validate(Server *s, Batch *b) {
  Span text = buf_span(&b->body);
  size_t line = 1;
  for (size_t at = 0; at < text.len; line++) {
    const char *nl = memchr(text.ptr + at, '\n', text.len - at);
    size_t end = nl ? (size_t)(nl - text.ptr) : text.len;
    if (end > at) read_line(s, b, span_of(text.ptr + at, end - at), line);
    at = end + 1;
  }
  if (b->n == 0 && b->errors.len == 0) fault_line(b, "empty_file", "The batch input file is empty.", 0);
  if (b->n > LINES_MAX) fault_line(b, "too_many_tasks", "The batch input file has more than 50000 requests.", 0);
  if (batch_twice(b).ptr != NULL)
    fault_line(b, "duplicate_custom_id", "The custom_id for this request is a duplicate.", 0);
  if (s->config.batch.fail) fault_line(b, "token_limit_exceeded", "Enqueued token limit reached.", 0);
}

static int read_create(Server *s, const JsonValue *body, Batch *b, Reply *p) {
  static const char *const ENDPOINTS[] = { "/v1/chat/completions", "/v1/embeddings", NULL };
  JsonValue input = json_get(body, S("input_file_id")), endpoint = json_get(body, S("endpoint"));
  JsonValue window = json_get(body, S("completion_window")), metadata = json_get(body, S("metadata"));
  if (input.kind != JSON_STRING) return BAD("input_file_id", "Missing required parameter: 'input_file_id'.");
  if (endpoint.kind != JSON_STRING) return BAD("endpoint", "Missing required parameter: 'endpoint'.");
  int i = 0;
  while (ENDPOINTS[i] != NULL && !json_string_is(&endpoint, S(ENDPOINTS[i]))) i++;
  if (ENDPOINTS[i] == NULL) return BAD("endpoint", "Invalid value: '%.*s'.", (int)endpoint.raw.len, endpoint.raw.ptr);
  if (window.kind != JSON_STRING || !json_string_is(&window, S("24h")))
    return BAD("completion_window", "Invalid 'completion_window': supported values are '24h'.");
  File *f = file_find(s, input.raw);
  if (f == NULL || strcmp(f->purpose, "batch") != 0)
    return BAD("input_file_id", "Invalid file ID '%.*s'.", (int)input.raw.len, input.raw.ptr);
  snprintf(b->input_file, sizeof b->input_file, "%s", f->id);
  snprintf(b->endpoint, sizeof b->endpoint, "%s", ENDPOINTS[i]);
  if (metadata.kind == JSON_OBJECT) buf_add(&b->metadata, metadata.raw.ptr, metadata.raw.len);
  return buf_add(&b->body, f->bytes.ptr ? f->bytes.ptr : "", f->bytes.len);
}

static void create(Server *s, const Request *r, Reply *p) {
  if (json_check(&s->doc, r->body, 0) != JSON_OK || s->doc.root.kind != JSON_OBJECT) {
    (void)BAD(NULL, "We could not parse the JSON body of your request.");
    return;
  }
  Batch *b = batch_new(s, OPENAI, "batch_");
  if (read_create(s, &s->doc.root, b, p) != 0) {
    batch_drop(s, b);
    return;
  }
  put_batch(b, &p->body);
  validate(s, b);   /* what it finds shows at the first poll */
}

static void list_batches(Server *s, Reply *p) {
  int n = 0;
  buf_str(&p->body, "{\"object\":\"list\",\"data\":[");
  for (const Batch *b = s->batches; b != NULL; b = b->next) {
    if (b->d != OPENAI) continue;
    if (n++ > 0) buf_char(&p->body, ',');
    put_batch(b, &p->body);
  }
  buf_str(&p->body, "],\"has_more\":false,\"first_id\":null,\"last_id\":null}");
}

static void batches(Server *s, const Request *r, Span id, Span verb, Reply *p) {
  int get = span_eq(r->method, S("GET"));
  Batch *b = batch_find(s, OPENAI, id);
  if (id.len == 0) {
    if (get) list_batches(s, p);
    else create(s, r, p);
    return;
  }
  if (b == NULL) {
    api_error(s, OPENAI, p, 404, "invalid_request_error", NULL, NULL, "No batch found with id '%.*s'.", (int)id.len,
              id.ptr);
    return;
  }
  if (span_eq(verb, S("cancel")) && b->state == BATCH_RUNNING) {
    b->state = BATCH_CANCELING;
    b->canceled = 1;
    b->cancel_at = time(NULL);
  } else if (get) {
    batch_poll(s, b, put_line);
    if (b->state == BATCH_ENDED) {
      file_of(s, &b->results, "batch_output.jsonl", b->output_file);
      file_of(s, &b->errors, "batch_errors.jsonl", b->error_file);
    }
  }
  put_batch(b, &p->body);
}

void batch_openai(Server *s, const Request *r, Span path, Reply *p) {
  int is_file = path.len >= 6 && memcmp(path.ptr, "/files", 6) == 0;
  size_t root = is_file ? 6 : strlen("/batches");
  Span id = S(""), verb = S("");
  p->status = 200;
  p->type = "application/json";
  if (path.len > root + 1 && path.ptr[root] == '/') {
    id = span_of(path.ptr + root + 1, path.len - root - 1);
    const char *slash = memchr(id.ptr, '/', id.len);
    if (slash != NULL) {
      verb = span_of(slash + 1, (size_t)(id.ptr + id.len - slash - 1));
      id.len = (size_t)(slash - id.ptr);
    }
  }
  if (is_file) files(s, r, id, verb, p);
  else batches(s, r, id, verb, p);
}
