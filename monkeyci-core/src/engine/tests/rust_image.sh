# An image with the Rust of this machine, its linker and what they need of its libraries: no registry is asked.
set -e
cd /
root=$(rustc --print sysroot)
linker=$(gcc -print-prog-name=collect2)
gcc=$(dirname "$(gcc -print-libgcc-file-name)")
libs=$(dirname "$(realpath "$(gcc -print-file-name=libc.so)")")
programs="$root/bin/rustc $root/bin/cargo /usr/bin/gcc /usr/bin/cc /usr/bin/ld /usr/bin/as $linker /bin/sh"
loaded=$(ldd $programs "$root"/lib/librustc_driver*.so | grep -o '/[^ ]*' | grep -v : | sort -u)
linked=$(ls "$libs"/*crt*.o "$libs"/libc.so* "$libs"/libm.so* "$libs"/libmvec* "$libs"/libc_nonshared.a "$libs"/libdl.* \
    "$libs"/librt.* "$libs"/libutil.* "$libs"/libpthread.* "$libs"/libgcc_s*)
# What the scripts of the linker name.
named="/lib/x86_64-linux-gnu/libm.so.6 /lib/x86_64-linux-gnu/libmvec.so.1 /lib/x86_64-linux-gnu/libc.so.6"
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
# Links are followed, and what is named twice is there once.
tar -chf - --transform "s#^${root#/}#usr/local#" --ignore-failed-read $(
    for file in $programs "$root/lib" "$gcc" $loaded $linked $named /etc/ssl/certs/ca-certificates.crt; do
        echo "${file#/}"
    done
) 2>/dev/null | tar -xf - -C "$made" || true
mkdir -m 1777 "$made/tmp"
tar -C "$made" -cf - . | "${ENGINE:-docker}" import -c 'ENV PATH=/usr/local/bin:/usr/bin:/bin' - "$IMAGE"
