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
 * What the client did wrong, or what stands in its way.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

/**
 * A refusal with a stable errorcode and the path of the field that caused it.
 *
 * The errorcode is an identifier of the language file; each message there says what to do.
 */
final class failure extends \moodle_exception {
    /** @var string path of the field within the request, '' when the whole of it is meant. */
    public readonly string $path;

    /**
     * Constructor.
     *
     * @param string $code errorcode, an identifier of the language file
     * @param string $path path within the request, like items[2].fields.due
     * @param mixed $a for the message
     */
    public function __construct(string $code, string $path = '', mixed $a = null) {
        $this->path = $path;
        parent::__construct($code, 'local_moodlesync', '', $a);
    }

    /**
     * The request is not as agreed.
     *
     * @param string $path path within the request
     * @param string $reason in English, for the person who writes clients
     * @return self
     */
    public static function payload(string $path, string $reason): self {
        return new self('badpayload', $path, (object)['path' => $path, 'reason' => $reason]);
    }
}
