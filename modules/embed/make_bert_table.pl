#!/usr/bin/perl
# make_bert_table.pl - writes bert_table.h from Perl's own Unicode database:
#   perl modules/embed/make_bert_table.pl > modules/embed/bert_table.h
# Run by hand when a newer Unicode is wanted; the result is committed.
# Two stages: bert_stage1[cp >> 7] names a block of 128, bert_stage2[block][cp & 127] the classes of a code point.
# bert_decomposed, ascending, is what is left of the code points that canonical decomposition (NFD) and dropping the
# marks (Mn) change; those of Hangul are arithmetic and not listed.
use strict; use warnings;
use Unicode::UCD qw(prop_invlist);
use Unicode::Normalize qw(NFD);

my $END = 0x110000;
my @class = (0) x $END;
sub mark {
  my ($flag, @list) = @_;
  while (@list) {
    my ($from, $to) = (shift @list, shift(@list) // $END);
    $class[$_] |= $flag for $from .. $to - 1;
  }
}
# The classes; Chinese is as BERT has it (google-research/bert, tokenization.py, _is_chinese_char).
my %flag = (SPACE => 1, DROP => 2, PUNCTUATION => 4, MARK => 8, CHINESE => 16, DECOMPOSED => 32);
mark($flag{SPACE}, prop_invlist("White_Space"));
mark($flag{DROP}, prop_invlist("General_Category=$_")) for "Cc", "Cf", "Co";
mark($flag{DROP}, 0xFFFD, 0xFFFE);
$class[$_] &= ~$flag{DROP} for 9, 10, 13;
mark($flag{PUNCTUATION}, prop_invlist("General_Category=Punctuation"));
mark($flag{PUNCTUATION}, 33, 48, 58, 65, 91, 97, 123, 127);
mark($flag{MARK}, prop_invlist("General_Category=Nonspacing_Mark"));
mark($flag{CHINESE}, 0x3400, 0x4DC0, 0x4E00, 0xA000, 0xF900, 0xFB00, 0x20000, 0x2A6E0, 0x2A700, 0x2B740, 0x2B740, 0x2B820,
     0x2B820, 0x2CEB0, 0x2F800, 0x2FA20);

my @decomposed;
for my $cp (0x80 .. $END - 1) {
  next if $cp >= 0xAC00 && $cp <= 0xD7A3 || $cp >= 0xD800 && $cp <= 0xDFFF || $class[$cp] & $flag{MARK};
  my $nfd = NFD(chr $cp);
  next if $nfd eq chr $cp;
  (my $left = $nfd) =~ s/\p{Mn}//g;
  die sprintf "%X: %d left", $cp, length $left if length $left > 3;
  die sprintf "%X: punctuation among others", $cp if length $left > 1 && $left =~ /[\p{P}\s!-\/:-@\[-`{-~]/;
  $class[$cp] |= $flag{DECOMPOSED};
  push @decomposed, sprintf "{0x%X,{%s}}", $cp, join ",", map { sprintf "0x%X", ord } split //, $left;
}
die "too many" if @decomposed >= 65536;

my (%block, @blocks, @stage1);
for my $b (0 .. $END / 128 - 1) {
  my $key = join ",", @class[$b * 128 .. $b * 128 + 127];
  $stage1[$b] = $block{$key} //= do { push @blocks, $key; $#blocks };
}
die "too many" if @blocks > 256;
sub rows { my $n = shift; my @out; push @out, "  " . join(",", splice @_, 0, $n) . ",\n" while @_; join "", @out }
print "/* bert_table.h - made by make_bert_table.pl from Unicode ", Unicode::UCD::UnicodeVersion(), ". Do not edit. */\n";
print "enum { ", join(", ", map { "BERT_$_ = $flag{$_}" } sort { $flag{$a} <=> $flag{$b} } keys %flag), " };\n";
print "typedef struct BertDecomposed { uint32_t from, to[3]; } BertDecomposed;   /* 0 ends what is left */\n";
print "enum { BERT_DECOMPOSED_COUNT = ", scalar @decomposed, " };\n";
print "static const BertDecomposed bert_decomposed[BERT_DECOMPOSED_COUNT] = {\n", rows(5, @decomposed), "};\n";
print "static const uint8_t bert_stage1[", scalar @stage1, "] = {\n", rows(32, @stage1), "};\n";
print "static const uint8_t bert_stage2[", scalar @blocks, "][128] = {\n", map({ "  {$_},\n" } @blocks), "};\n";
