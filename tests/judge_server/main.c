/* main.c - options, start, end.
**   judge_server [--port N] [--script FILE] [--control JSON] [--record FILE] [--dir DIR] [--lifetime SECONDS]
**                [--connection-limit N] [--anthropic-key KEY] [--openai-key KEY] [--no-h2]
** Prints one line {"http":PORT,"https":PORT,"https_expired":…,"https_wrong_host":…,"https_self_signed":…,"ca":PATH,
** "pid":PID,"h2":true} and serves until stdin ends, SIGTERM, POST /_quit, or its lifetime (600 s) is over. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server.h"

static const Model MODELS[] = {
  { "claude-haiku-4-5", ANTHROPIC, 0, 200000, 64000, 4096 },
  { "claude-sonnet-4-5", ANTHROPIC, 0, 200000, 64000, 1024 },
  { "claude-opus-4-7", ANTHROPIC, MODEL_NO_SAMPLING | MODEL_NO_PREFILL, 200000, 128000, 2048 },
  { "claude-opus-5", ANTHROPIC, MODEL_NO_SAMPLING | MODEL_NO_PREFILL | MODEL_THINKS, 200000, 128000, 512 },
  { "gpt-4o", OPENAI, 0, 128000, 16384, 1024 },
  { "gpt-4o-mini", OPENAI, 0, 128000, 16384, 1024 },
  { "gpt-4.1-mini", OPENAI, 0, 1047576, 32768, 1024 },
  { "gpt-5-mini", OPENAI, MODEL_REASONING, 400000, 128000, 1024 },
  { "o4-mini", OPENAI, MODEL_REASONING, 200000, 100000, 1024 },
  { "text-embedding-3-small", OPENAI, MODEL_EMBEDDING, 8192, 1, 0 },
  { "text-embedding-3-large", OPENAI, MODEL_EMBEDDING, 8192, 1, 0 },
};

static int fail(const char *what, const char *which) {
  fprintf(stderr, "judge_server: %s %s\n", what, which);
  return 2;
}

static int read_script(Server *s, const char *path) {
  Buf text = { 0 }, why = { 0 };
  char block[4096];
  FILE *f = fopen(path, "rb");
  if (f == NULL) return fail("cannot open", path);
  for (size_t n; (n = fread(block, 1, sizeof block, f)) > 0;) buf_add(&text, block, n);
  fclose(f);
  int bad = control_apply(s, buf_span(&text), &why);
  if (bad) fprintf(stderr, "judge_server: %s: %.*s\n", path, (int)why.len, why.ptr);
  buf_free(&text);
  buf_free(&why);
  return bad ? 2 : 0;
}

static int option(Server *s, const char *name, const char *value) {
  if (strcmp(name, "--port") == 0) s->port_wanted = atoi(value);
  else if (strcmp(name, "--lifetime") == 0) s->lifetime_s = atoi(value);
  else if (strcmp(name, "--connection-limit") == 0) s->connection_limit = atoi(value);
  else if (strcmp(name, "--record") == 0) s->record_path = value;
  else if (strcmp(name, "--dir") == 0) s->dir = value;
  else if (strcmp(name, "--anthropic-key") == 0) snprintf(s->anthropic_key, sizeof s->anthropic_key, "%s", value);
  else if (strcmp(name, "--openai-key") == 0) snprintf(s->openai_key, sizeof s->openai_key, "%s", value);
  else if (strcmp(name, "--script") == 0) return read_script(s, value);
  else if (strcmp(name, "--control") == 0) {
    Buf why = { 0 };
    int bad = control_apply(s, span_str(value), &why);
    if (bad) fprintf(stderr, "judge_server: --control: %.*s\n", (int)why.len, why.ptr);
    buf_free(&why);
    return bad ? 2 : 0;
  } else return fail("unknown option", name);
  return 0;
}

static int options(Server *s, int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--no-h2") == 0) s->no_h2 = 1;
    else if (i + 1 == argc) return fail("option without a value, or unknown:", argv[i]);
    else {
      int status = option(s, argv[i], argv[i + 1]);
      if (status != 0) return status;
      i++;
    }
  }
  return 0;
}

static void begin(Server *s) {
  s->lifetime_s = 600;
  s->record_fd = -1;
  for (int i = 0; i < 1 + CERT_KINDS; i++) s->listener[i].fd = -1;
  snprintf(s->anthropic_key, sizeof s->anthropic_key, "sk-ant-api03-test-key-for-loopback-only");
  snprintf(s->openai_key, sizeof s->openai_key, "sk-proj-test-key-for-loopback-only");
  memcpy(s->model, MODELS, sizeof MODELS);
  s->nmodels = sizeof MODELS / sizeof *MODELS;
  control_reset(s);
  s->stats.began = now_ns();
}

static void finish(Server *s) {
  batch_free(s);
  tls_close(s);
  control_reset(s);
  stats_reset(s);
  free(s->config.rule);
  ask_free(&s->ask);
  buf_free(&s->words);
  buf_free(&s->scratch);
  json_doc_free(&s->doc);
  if (s->record_fd >= 0) close(s->record_fd);
}

int main(int argc, char **argv) {
  Server *s = calloc(1, sizeof *s);
  if (s == NULL) return 1;
  signal(SIGPIPE, SIG_IGN);
  begin(s);
  int status = options(s, argc, argv);
  if (status == 0 && s->record_path != NULL) {
    s->record_fd = open(s->record_path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (s->record_fd < 0) status = fail("cannot write", s->record_path);
  }
  if (status == 0 && tls_open(s) != 0)
    status = fail("cannot make certificates in", s->dir ? s->dir : "a temporary folder");
  if (status == 0 && loop_open(s) != 0) status = fail("cannot listen on", "127.0.0.1");
  if (status == 0) {
    const Listener *l = s->listener;
    printf("{\"http\":%d,\"https\":%d,\"https_expired\":%d,\"https_wrong_host\":%d,\"https_self_signed\":%d,"
           "\"ca\":\"%s\",\"pid\":%d,\"h2\":%s}\n", l[0].port, l[1 + CERT_GOOD].port, l[1 + CERT_EXPIRED].port,
           l[1 + CERT_WRONG_HOST].port, l[1 + CERT_SELF_SIGNED].port, s->ca_path, (int)getpid(),
           http2_built() && !s->no_h2 ? "true" : "false");
    fflush(stdout);
    loop_run(s);
    loop_close(s);
  }
  finish(s);
  free(s);
  return status;
}
