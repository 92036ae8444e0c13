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
 * Digests of stored files.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

/**
 * The sha256 of files. Moodle itself keeps their sha1: what was computed once for one of these holds for ever, and is cached.
 */
final class file_digest {
    /**
     * The digests of files.
     *
     * @param \stdClass[] $files rows of files: id and contenthash
     * @return array contenthash => sha256 in hex, null when the content is lost
     */
    public static function of(array $files): array {
        $ids = array_column($files, 'id', 'contenthash');
        if (!$ids) {
            return [];
        }
        $cache = \cache::make('local_moodlesync', 'sha256');
        $digests = [];
        foreach ($cache->get_many(array_keys($ids)) as $contenthash => $known) {
            $digests[$contenthash] = $known ?: self::compute((int)$ids[$contenthash]);
            if (!$known && $digests[$contenthash] !== null) {
                $cache->set($contenthash, $digests[$contenthash]);
            }
        }
        return $digests;
    }

    /**
     * Reads a file.
     *
     * @param int $id of the file
     * @return string|null null when its content is lost
     */
    private static function compute(int $id): ?string {
        try {
            $handle = get_file_storage()->get_file_by_id($id)->get_content_file_handle();
        } catch (\moodle_exception) {
            $handle = false;
        }
        if (!$handle) {
            return null;
        }
        $hash = hash_init('sha256');
        hash_update_stream($hash, $handle);
        fclose($handle);
        return hash_final($hash);
    }
}
