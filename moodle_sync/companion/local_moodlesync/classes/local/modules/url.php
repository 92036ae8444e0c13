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
 * Links.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local\modules;

use local_moodlesync\local\failure;
use local_moodlesync\local\item;
use local_moodlesync\local\payload;

/**
 * The link to an address elsewhere.
 */
final class url extends module {
    /** Longest address. */
    private const LONGEST = 2000;

    #[\Override]
    public function needs(): array {
        return ['name', 'url'];
    }

    #[\Override]
    public function readers(): array {
        return ['url' => self::parse(...)];
    }

    #[\Override]
    public function defaults(): array {
        global $CFG;
        require_once($CFG->libdir . '/resourcelib.php');
        return [
            'externalurl' => '',
            'display' => RESOURCELIB_DISPLAY_AUTO,
            'printintro' => get_config('url', 'printintro') ?: 0,
        ];
    }

    #[\Override]
    public function states(array $instances, array $cms): array {
        return array_map(fn($row) => ['url' => (string)$row->externalurl], $instances);
    }

    #[\Override]
    public function write(\stdClass $cm, array $changes, item $item): void {
        if (isset($changes['url'])) {
            $this->update($cm, ['externalurl' => $changes['url']]);
        }
    }

    /**
     * Validates an address. Moodle decodes entities when it shows it, so that none may be in it.
     *
     * @param payload $payload the fields
     * @param string $name the field
     * @return string
     */
    private static function parse(payload $payload, string $name): string {
        $value = $payload->text($name, self::LONGEST);
        if (!preg_match('~^https?://[^\s/?\#:@]+(:\d+)?([/?\#]\S*)?\z~iu', $value)) {
            throw failure::payload($payload->at($name), 'must be an absolute address that starts with http:// or https://');
        }
        if (html_entity_decode($value, ENT_QUOTES, 'UTF-8') !== $value) {
            throw failure::payload($payload->at($name), 'holds HTML entities: write the characters themselves');
        }
        return $value;
    }
}
