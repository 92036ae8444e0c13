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
 * Answers of the web services: a structure packed in one JSON string.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

use core_external\external_single_structure;
use core_external\external_value;

/**
 * Packs answers, and says so to Moodle.
 */
final class answer {
    /** @var int the contract's number; a client refuses one that it does not know. */
    public const SCHEMA = 1;

    /**
     * Packs an answer.
     *
     * @param array $data the answer
     * @return array
     */
    public static function pack(array $data): array {
        return ['schema' => self::SCHEMA, 'json' => self::encode($data)];
    }

    /**
     * What every function returns.
     *
     * @return external_single_structure
     */
    public static function returns(): external_single_structure {
        return new external_single_structure([
            'schema' => new external_value(PARAM_INT, 'Number of the contract'),
            'json' => new external_value(PARAM_RAW, 'The answer, as one JSON string'),
        ]);
    }

    /**
     * A value as JSON.
     *
     * @param mixed $value the value
     * @return string
     */
    public static function encode(mixed $value): string {
        return json_encode($value, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
    }
}
