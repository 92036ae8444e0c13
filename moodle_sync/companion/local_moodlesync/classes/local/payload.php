<?php
// This file is part of Moodle - https://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * Reads the JSON of a request, field by field, and names the path of what is wrong.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

/**
 * A JSON object that knows where in the request it stands.
 *
 * Types are strict: no number is taken for text, no 0 for false, and a field that nobody asked for is refused.
 */
final class payload {
    /** Longest key of a child, so that composed keys stay within their columns. */
    private const KEY = '~^[^\s\x00-\x1f:\~/?][^\s\x00-\x1f:\~/]{0,99}\z~u';

    /** A decimal number in its shortest writing. */
    private const DECIMAL = '~^-?(0|[1-9]\d{0,9})(\.\d{0,4}[1-9])?\z~';

    /**
     * Constructor.
     *
     * @param \stdClass $data the decoded object
     * @param string $path where it stands
     */
    public function __construct(
        /** @var \stdClass the decoded object. */
        private readonly \stdClass $data,
        /** @var string where it stands in the request. */
        public readonly string $path,
    ) {
    }

    /**
     * Decodes a request that is a JSON array.
     *
     * @param string $json the request
     * @param string $name what it is called in paths
     * @return array
     */
    private static function decode(string $json, string $name): array {
        try {
            $list = json_decode($json, false, 32, JSON_THROW_ON_ERROR);
        } catch (\JsonException $e) {
            throw failure::payload($name, 'not JSON: ' . $e->getMessage());
        }
        if (!is_array($list)) {
            throw failure::payload($name, 'must be a JSON array');
        }
        return $list;
    }

    /**
     * Decodes a request that is a JSON array of objects.
     *
     * @param string $json the request
     * @return self[]
     */
    public static function items(string $json): array {
        $items = [];
        foreach (self::decode($json, 'items') as $i => $data) {
            if (!$data instanceof \stdClass) {
                throw failure::payload("items[$i]", 'must be an object');
            }
            $items[] = new self($data, "items[$i]");
        }
        return $items;
    }

    /**
     * Decodes a request that is a JSON array of strings.
     *
     * @param string $json the request
     * @param string $name what it is called in paths
     * @return string[]
     */
    public static function strings(string $json, string $name): array {
        $list = self::decode($json, $name);
        foreach ($list as $i => $value) {
            if (!is_string($value)) {
                throw failure::payload("{$name}[$i]", 'must be a string');
            }
        }
        return $list;
    }

    /**
     * The path of one of its fields.
     *
     * @param string $name field
     * @return string
     */
    public function at(string $name): string {
        return "$this->path.$name";
    }

    /**
     * Refuses any field that is not listed.
     *
     * @param string ...$names the fields that may be there
     * @return self
     */
    public function only(string ...$names): self {
        foreach ($this->names() as $name) {
            if (!in_array($name, $names, true)) {
                throw failure::payload($this->at($name), 'no such field');
            }
        }
        return $this;
    }

    /**
     * The fields that are there.
     *
     * @return string[]
     */
    public function names(): array {
        return array_map('strval', array_keys(get_object_vars($this->data)));
    }

    /**
     * Whether a field is there (null counts as there).
     *
     * @param string $name field
     * @return bool
     */
    public function has(string $name): bool {
        return property_exists($this->data, $name);
    }

    /**
     * The value of a field, as decoded.
     *
     * @param string $name field
     * @return mixed
     */
    public function raw(string $name): mixed {
        if (!$this->has($name)) {
            throw failure::payload($this->at($name), 'is missing');
        }
        return $this->data->$name;
    }

    /**
     * Reads the fields that are there, each with its own reader, and refuses others.
     *
     * @param array $readers name => callable(payload, name): mixed
     * @return array name => value
     */
    public function read(array $readers): array {
        $this->only(...array_keys($readers));
        $values = [];
        foreach ($readers as $name => $reader) {
            if ($this->has($name)) {
                $values[$name] = $reader($this, $name);
            }
        }
        return $values;
    }

    /**
     * An object within this one.
     *
     * @param string $name field
     * @return self
     */
    public function object(string $name): self {
        $value = $this->raw($name);
        if (!$value instanceof \stdClass) {
            throw failure::payload($this->at($name), 'must be an object');
        }
        return new self($value, $this->at($name));
    }

    /**
     * A list of objects within this one.
     *
     * @param string $name field
     * @return self[]
     */
    public function objects(string $name): array {
        $list = $this->raw($name);
        if (!is_array($list)) {
            throw failure::payload($this->at($name), 'must be an array');
        }
        foreach ($list as $i => $value) {
            if (!$value instanceof \stdClass) {
                throw failure::payload($this->at($name) . "[$i]", 'must be an object');
            }
            $list[$i] = new self($value, $this->at($name) . "[$i]");
        }
        return $list;
    }

    /**
     * A list of different strings, sorted.
     *
     * @param string $name field
     * @param string[]|null $choices what may be in it, null for any key
     * @return string[]
     */
    public function set(string $name, ?array $choices = null): array {
        $list = $this->raw($name);
        if (!is_array($list)) {
            throw failure::payload($this->at($name), 'must be an array');
        }
        foreach ($list as $i => $value) {
            $good = is_string($value) && ($choices === null ? preg_match(self::KEY, $value) : in_array($value, $choices, true));
            if (!$good) {
                $reason = $choices === null ? 'must be a key' : 'must be one of ' . implode(', ', $choices);
                throw failure::payload($this->at($name) . "[$i]", $reason);
            }
        }
        if (count(array_unique($list)) !== count($list)) {
            throw failure::payload($this->at($name), 'names something twice');
        }
        sort($list, SORT_STRING);
        return $list;
    }

    /**
     * Any text without control characters that no database keeps.
     *
     * @param string $name field
     * @return string
     */
    public function html(string $name): string {
        $value = $this->raw($name);
        if (!is_string($value)) {
            throw failure::payload($this->at($name), 'must be a string');
        }
        if (str_contains($value, "\0")) {
            throw failure::payload($this->at($name), 'holds a NUL character');
        }
        return $value;
    }

    /**
     * One line of text without tags.
     *
     * @param string $name field
     * @param int $max longest, in characters
     * @param bool $empty whether it may be empty
     * @return string
     */
    public function text(string $name, int $max, bool $empty = false): string {
        $value = $this->html($name);
        if (clean_param($value, PARAM_TEXT) !== $value) {
            throw failure::payload($this->at($name), 'must be plain text, without tags');
        }
        if (\core_text::strlen($value) > $max) {
            throw failure::payload($this->at($name), "is longer than $max characters");
        }
        if (!$empty && (trim($value) === '' || $value === '0')) {
            throw failure::payload($this->at($name), 'is empty');
        }
        return $value;
    }

    /**
     * The key of a child of the course.
     *
     * @param string $name field
     * @return string
     */
    public function key(string $name): string {
        $value = $this->html($name);
        if (!preg_match(self::KEY, $value)) {
            $reason = 'must be a key: up to 100 characters, without space, ":", "~", "/", and no "?" in front';
            throw failure::payload($this->at($name), $reason);
        }
        return $value;
    }

    /**
     * Whether a text may be a key.
     *
     * @param string $value the text
     * @return bool
     */
    public static function is_key(string $value): bool {
        return (bool)preg_match(self::KEY, $value);
    }

    /**
     * One of a few words.
     *
     * @param string $name field
     * @param string[] $choices the words
     * @return string
     */
    public function choice(string $name, array $choices): string {
        $value = $this->raw($name);
        if (!is_string($value) || !in_array($value, $choices, true)) {
            throw failure::payload($this->at($name), 'must be one of ' . implode(', ', $choices));
        }
        return $value;
    }

    /**
     * True or false, and nothing that looks like it.
     *
     * @param string $name field
     * @return bool
     */
    public function bool(string $name): bool {
        $value = $this->raw($name);
        if (!is_bool($value)) {
            throw failure::payload($this->at($name), 'must be true or false');
        }
        return $value;
    }

    /**
     * A whole number.
     *
     * @param string $name field
     * @param int $min smallest
     * @param int $max greatest
     * @return int
     */
    public function int(string $name, int $min = 0, int $max = 9999999999): int {
        $value = $this->raw($name);
        if (!is_int($value) || $value < $min || $value > $max) {
            throw failure::payload($this->at($name), "must be a whole number from $min to $max");
        }
        return $value;
    }

    /**
     * A moment in epoch seconds (UTC), or null for none.
     *
     * @param string $name field
     * @return int|null
     */
    public function moment(string $name): ?int {
        return $this->raw($name) === null ? null : $this->int($name, 1);
    }

    /**
     * A decimal number as a string, in its shortest writing.
     *
     * @param string $name field
     * @param bool $negative whether it may be below zero
     * @return string
     */
    public function decimal(string $name, bool $negative = false): string {
        $value = $this->raw($name);
        if (!is_string($value) || !preg_match(self::DECIMAL, $value) || (!$negative && $value[0] === '-') || $value === '-0') {
            throw failure::payload($this->at($name), 'must be a decimal number in a string, like "12.5", without trailing zeros');
        }
        return $value;
    }

    /**
     * The digests of the desired values, field by field.
     *
     * @param string $name field, may be absent
     * @return array field => sha256 in hex
     */
    public function digests(string $name): array {
        if (!$this->has($name)) {
            return [];
        }
        $digests = get_object_vars($this->object($name)->data);
        foreach ($digests as $field => $digest) {
            if (!is_string($digest) || !preg_match('~^[0-9a-f]{64}\z~', $digest)) {
                throw failure::payload($this->at($name) . ".$field", 'must be a sha256 digest in lower case hex');
            }
        }
        return $digests;
    }
}
