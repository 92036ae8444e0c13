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
 * Values as they go over the wire.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

/**
 * Compares and writes values in the one form that both halves use.
 */
final class values {
    /**
     * Whether two values are the same; the order of an object's members does not count.
     *
     * @param mixed $a one
     * @param mixed $b the other
     * @return bool
     */
    public static function same(mixed $a, mixed $b): bool {
        return self::sorted($a) === self::sorted($b);
    }

    /**
     * The fields whose wanted value is not the current one.
     *
     * @param array $wanted field => value
     * @param array $current field => value
     * @return array field => wanted value
     */
    public static function changes(array $wanted, array $current): array {
        return array_filter(
            $wanted,
            fn($value, $field) => !self::same($value, $current[$field] ?? null),
            ARRAY_FILTER_USE_BOTH
        );
    }

    /**
     * A database number as a decimal string without trailing zeros.
     *
     * @param string|float|int|null $number the number
     * @return string|null null for null
     */
    public static function decimal(string|float|int|null $number): ?string {
        if ($number === null) {
            return null;
        }
        $text = is_float($number) ? number_format($number, 5, '.', '') : (string)$number;
        if (str_contains($text, '.')) {
            $text = rtrim(rtrim($text, '0'), '.');
        }
        return $text === '-0' ? '0' : $text;
    }

    /**
     * A database time as a moment: null for none.
     *
     * @param string|int|null $time epoch seconds, 0 for none
     * @return int|null
     */
    public static function moment(string|int|null $time): ?int {
        return (int)$time ?: null;
    }

    /**
     * The same value with the members of objects in alphabetical order, at every depth.
     *
     * @param mixed $value the value
     * @return mixed
     */
    private static function sorted(mixed $value): mixed {
        if (!is_array($value)) {
            return $value;
        }
        if (!array_is_list($value)) {
            ksort($value, SORT_STRING);
        }
        return array_map(self::sorted(...), $value);
    }
}
