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
 * One item of a write, validated.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

/**
 * What is wanted of one object: its key, and only the fields to be written.
 */
final class item {
    /**
     * Constructor.
     *
     * @param string $key local key
     * @param array $fields field => value
     * @param array $desired field => digest of the desired value
     * @param string $path where the item stands in the request
     * @param array $more what this kind has beside its fields
     */
    public function __construct(
        /** @var string local key. */
        public readonly string $key,
        /** @var array field => value, only those to be written. */
        public readonly array $fields,
        /** @var array field => sha256 in hex. */
        public readonly array $desired,
        /** @var string where the item stands in the request. */
        public readonly string $path,
        /** @var array what this kind has beside its fields. */
        public readonly array $more = [],
    ) {
    }

    /**
     * The path of a field within the request.
     *
     * @param string $field field
     * @return string
     */
    public function at(string $field): string {
        return "$this->path.fields.$field";
    }
}
