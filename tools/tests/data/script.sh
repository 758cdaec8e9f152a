# A script of two hundred lines that uses what shell scripts use: functions, loops, here documents, arithmetic, case,
# traps, subshells, pipelines, substitution, and the small tools. Its output is the same wherever it runs.

say() {
    printf '%s\n' "$*"
}

section() {
    say "== $1"
}

section arithmetic
total=0
for number in 1 2 3 4 5 6 7 8 9 10; do
    total=$((total + number * number))
done
say "sum of squares $total"
factorial() {
    if [ "$1" -le 1 ]; then
        echo 1
    else
        echo $(($1 * $(factorial $(($1 - 1)))))
    fi
}
say "factorial $(factorial 10)"
a=0 b=1
while [ $b -lt 1000 ]; do
    set -- $b $((a + b))
    a=$1 b=$2
done
say "fibonacci $b"
gcd() {
    x=$1 y=$2
    while [ $y -ne 0 ]; do
        t=$((x % y))
        x=$y
        y=$t
    done
    echo $x
}
say "gcd $(gcd 1071 462)"
primes=
candidate=2
until [ $candidate -gt 50 ]; do
    is_prime=yes
    divisor=2
    while [ $((divisor * divisor)) -le $candidate ]; do
        if [ $((candidate % divisor)) -eq 0 ]; then
            is_prime=no
            break
        fi
        divisor=$((divisor + 1))
    done
    [ $is_prime = yes ] && primes="$primes $candidate"
    candidate=$((candidate + 1))
done
say "primes$primes"

section strings
path=/usr/local/lib/archive.tar.gz
say "${path##*/} ${path%/*} ${path%%.*} ${path#*.}"
unset missing
say "${missing:-default} ${#path} ${path:+set}"
: "${missing:=assigned}"
say "$missing"
text='the quick brown fox'
for word in $text; do
    case $word in
        the) say "article" ;;
        q*|b*) say "begins with q or b: $word" ;;
        ???) say "three letters: $word" ;;
        *) say "other: $word" ;;
    esac
done
IFS=:
set -- $(echo one:two:three)
unset IFS
say "$# fields, the second is $2"
say "$(echo "$text" | tr 'a-z' 'A-Z' | sed 's/QUICK/SLOW/')"
quoted="a  'b'  \"c\"  \$d"
say "$quoted"

section files
mkdir -p tree/left tree/right
for side in left right; do
    for number in 1 2 3; do
        echo "$side $number" >tree/$side/$number.txt
    done
done
say "$(find tree -type f | sort | tr '\n' ' ')"
cat tree/*/2.txt
ln -s left/1.txt tree/link
cat tree/link
mv tree/left/3.txt tree/right/4.txt
say "$(ls tree/left | wc -l) left, $(ls tree/right | wc -l) right"
cp -r tree copy
echo changed >copy/right/4.txt
diff -r tree copy | grep '^[<>]'
if [ -L tree/link ] && [ -f tree/link ] && [ ! -d tree/link ]; then
    say "link to a file"
fi
[ -e tree/nothing ] || say "nothing is not there"
chmod 000 tree/right/1.txt
chmod 600 tree/right/1.txt
[ -r tree/right/1.txt ] && say "readable again"

section here documents
name=world
cat <<END
hello $name, $((6 * 7))
END
cat <<'END'
hello $name, $((6 * 7))
END
cat <<-END
	indented by tabs
	END
while read -r first rest; do
    say "$rest $first"
done <<END
one 1 uno
two 2 due
END

section pipelines
seq 1 100 | grep 7 | awk '{ sum += $1 } END { print NR, sum }'
printf 'pear\napple\nfig\napple\n' | sort | uniq -c | sort -rn | head -n 1 | sed 's/^ *//'
seq 1 10 | while read -r line; do
    [ $((line % 5)) -eq 0 ] && echo "five: $line"
done
{
    echo to output
    echo to error >&2
} 2>&1 | sort
! false | false && say "negation works"
echo secret | (read -r word; say "subshell read $word")

section functions and scope
value=outer
change() {
    local value=inner
    say "inside $value"
    return 3
}
change
say "status $? outside $value"
(value=subshell; cd /; say "in a subshell $value $(pwd)")
say "after it $value"
recurse() {
    [ "$1" -eq 0 ] && return 0
    printf '%s ' "$1"
    recurse $(($1 - 1))
}
recurse 5
echo

section traps and jobs
trap 'say "trapped USR1"' USR1
kill -USR1 $$
trap - USR1
(
    trap 'say "left the subshell"' EXIT
    exit 4
)
say "its status $?"
sh -c 'exit 42' &
wait $!
say "background status $?"
for job in 1 2 3; do
    (sleep 0.$job; echo "job $job") >job.$job &
done
wait
cat job.1 job.2 job.3
sleep 100 &
kill $!
wait $! 2>/dev/null
say "killed status $?"

section options
set -- -a -b value rest of it
while getopts ab: option; do
    say "option $option ${OPTARG:-none}"
done
shift $((OPTIND - 1))
say "rest: $*"
say "last"
(set -e; false; say "not reached")
say "set -e ended with $?"
(set -u; : "$undefined_variable") 2>/dev/null
[ $? -ne 0 ] && say "set -u refused"
eval 'say "evaluated $((1 + 1))"'
command -v say >/dev/null && say "say is a function"
type nothing_of_that_name >/dev/null 2>&1 || say "unknown command"

section tables
printf 'ada 1815\nalan 1912\ngrace 1906\n' >born
while read -r name year; do
    printf '%-6s|%6d|%s\n' "$name" "$year" "$((year / 100 + 1))th century"
done <born
join_words() { IFS=-; echo "$*"; unset IFS; }
say "$(join_words $(cut -d' ' -f1 born))"
exit 9
